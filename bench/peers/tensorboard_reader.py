"""Prints what TensorBoard itself reads of a folder of event files, as JSON: `tensorboard_reader.py FOLDER`."""

import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

accumulator = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "histograms": 0, "tensors": 0})
accumulator.Reload()
tags = accumulator.Tags()
texts = [tag for tag in tags["tensors"] if tag.endswith("/text_summary")]
print(
    json.dumps(
        {
            "scalars": {tag: [[e.step, e.value] for e in accumulator.Scalars(tag)] for tag in tags["scalars"]},
            "texts": {tag: accumulator.Tensors(tag)[0].tensor_proto.string_val[0].decode() for tag in texts},
            "histograms": {
                tag: [[e.step, e.histogram_value.num, e.histogram_value.min, e.histogram_value.max] for e in accumulator.Histograms(tag)]
                for tag in tags["histograms"]
            },
        }
    )
)
