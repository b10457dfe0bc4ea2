# Writes reference.json: what numpy, scikit-learn and optuna say where src/search has rules of the same meaning.
#   pip install numpy==2.4.6 scikit-learn==1.9.1 optuna==5.0.0 && python test/search/reference.py
import json
import math
import pathlib

import numpy as np
import optuna
from optuna.distributions import FloatDistribution
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.importance._fanova._tree import _FanovaTree
from sklearn.ensemble import RandomForestRegressor

optuna.logging.set_verbosity(optuna.logging.ERROR)


def draws():
    """Trial n of seed s draws from default_rng(n * 2^32 + s), names in order."""
    space = {
        "a": {"type": "uniform", "low": -2, "high": 3},
        "b": {"type": "log-uniform", "low": 1e-6, "high": 1e-2},
        "c": {"type": "int", "low": 3, "high": 17, "step": 2},
        "d": {"type": "choice", "values": ["x", "y", "z"]},
    }
    trials = []
    for trial in range(12):
        a, b, c, d = (np.random.default_rng((trial << 32) + 7)).random(4)
        trials.append(
            {
                "a": -2 + 5 * a,
                "b": float(np.exp(np.log(1e-6) + (np.log(1e-2) - np.log(1e-6)) * b)),
                "c": 3 + 2 * math.floor(8 * c),
                "d": "xyz"[math.floor(3 * d)],
            }
        )
    return {"seed": 7, "space": space, "trials": trials}


def pruning(pruner, settings, direction, seed, trials=14, evaluations=10, nans=False):
    """Trials that run interleaved, and at each evaluation what the pruner decides."""
    generator = np.random.default_rng(seed)
    study = optuna.create_study(direction=direction, pruner=pruner, sampler=optuna.samplers.RandomSampler(seed=0))
    levels = generator.normal(size=trials)
    running, begun, events = {}, 0, []
    while begun < trials or running:
        while begun < trials and len(running) < 4:
            running[begun] = (study.ask(), 0)
            begun += 1
        number = int(generator.choice(sorted(running)))
        trial, at = running[number]
        value = float(levels[number] + 0.3 * generator.normal())
        if nans and generator.random() < 0.05:
            value = math.nan
        at += 1
        trial.report(value, at)
        prune = bool(trial.should_prune())
        events.append({"trial": number, "value": None if math.isnan(value) else value, "prune": prune})
        if prune:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        elif at == evaluations:
            study.tell(trial, 0.0 if math.isnan(value) else value)
        if prune or at == evaluations:
            del running[number]
        else:
            running[number] = (trial, at)
    return {"pruner": settings, "direction": direction, "evaluations": evaluations, "events": events}


def prunings():
    cases = []
    for seed, (minimum, factor, direction) in enumerate(
        [(1, 2, "minimize"), (1, 3, "maximize"), (2, 2, "maximize"), (1, 4, "minimize"), (3, 3, "minimize")]
    ):
        pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=minimum, reduction_factor=factor)
        settings = {"type": "asha", "minResource": minimum, "reductionFactor": factor}
        cases.append(pruning(pruner, settings, direction, seed, trials=24, nans=seed % 2 == 1))
    for seed, (startup, warmup, direction) in enumerate([(5, 0, "minimize"), (2, 3, "maximize"), (0, 1, "maximize")]):
        pruner = optuna.pruners.MedianPruner(n_startup_trials=startup, n_warmup_steps=warmup)
        settings = {"type": "median", "startupTrials": startup, "warmup": warmup}
        cases.append(pruning(pruner, settings, direction, 100 + seed, nans=seed == 1))
    return cases


def exported(tree, node=0):
    if tree.feature[node] < 0:
        return {"value": float(tree.value[node].reshape(-1)[0])}
    return {
        "axis": int(tree.feature[node]),
        "threshold": float(tree.threshold[node]),
        "left": exported(tree, tree.children_left[node]),
        "right": exported(tree, tree.children_right[node]),
    }


def surface(x):
    """Of the variance the first of four explains most, the last nothing; two work together."""
    return 3 * x[0] ** 2 + x[1] + 2 * (x[0] - 0.5) * (x[2] - 0.5)


def fanova():
    """Scikit-learn's trees, and how optuna takes their variance apart."""
    generator = np.random.default_rng(3)
    points = generator.random((20, 4))
    values = np.array([surface(x) for x in points])
    forest = RandomForestRegressor(n_estimators=4, random_state=1).fit(points, values)
    bounds = np.array([[0.0, 1.0]] * 4)
    trees = []
    for estimator in forest.estimators_:
        tree = _FanovaTree(estimator.tree_, bounds)
        effects = [float(tree.get_marginal_variance(np.array([i]))) for i in range(4)]
        trees.append({"tree": exported(estimator.tree_), "variance": float(tree.variance), "effects": effects})
    return trees


def importances():
    """Optuna's importances of 120 trials, each share a mean over forests of different seeds."""
    generator = np.random.default_rng(11)
    points = generator.random((120, 4))
    names = ["x0", "x1", "x2", "x3"]
    study = optuna.create_study()
    for x in points:
        study.add_trial(
            optuna.trial.create_trial(
                params=dict(zip(names, map(float, x))),
                distributions={name: FloatDistribution(0, 1) for name in names},
                value=float(surface(x)),
            )
        )
    seeds = [
        get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=seed), normalize=False) for seed in range(8)
    ]
    shares = {name: float(np.mean([each[name] for each in seeds])) for name in names}
    spread = {name: float(np.std([each[name] for each in seeds])) for name in names}
    return {"points": points.tolist(), "values": [float(surface(x)) for x in points], "shares": shares, "spread": spread}


def choices():
    """A function of a choice and a number, and its own analysis of variance on a fine grid."""
    heights = np.array([0.0, 1.5, 0.2, 0.9])
    x = (np.arange(2000) + 0.5) / 2000
    grid = heights[:, None] + x[None, :] * (1 + (np.arange(4) == 1)[:, None])
    total = grid.var()
    generator = np.random.default_rng(5)
    picks, numbers = generator.integers(0, 4, 300), generator.random(300)
    values = heights[picks] + numbers * (1 + (picks == 1))
    return {
        "picks": picks.tolist(),
        "numbers": numbers.tolist(),
        "values": values.tolist(),
        "shares": {"pick": float(grid.mean(axis=1).var() / total), "number": float(grid.mean(axis=0).var() / total)},
    }


if __name__ == "__main__":
    content = {
        "draws": draws(),
        "prunings": prunings(),
        "fanova": fanova(),
        "importances": importances(),
        "choices": choices(),
    }
    path = pathlib.Path(__file__).with_name("reference.json")
    path.write_text(json.dumps(content) + "\n")
