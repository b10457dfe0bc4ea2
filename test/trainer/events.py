"""Makes events.json: an event file that TensorBoard's own writer wrote, and what it holds.

  pip install tensorboard==2.21.0 && python events.py
"""

import base64
import json
import tempfile
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.summary.writer.event_file_writer import EventFileWriter

histogram = HistogramProto(min=-1.5, max=2.0, num=4, sum=0.5, sum_squares=7.25)
histogram.bucket_limit.extend([-1.0, 0.0, 1.0, 2.0])
histogram.bucket.extend([1, 0, 2, 1])
text = Summary.Value(
    tag="args/text_summary",
    metadata=SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text")),
    tensor=TensorProto(
        dtype="DT_STRING",
        tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)]),
        string_val=["{\n  \"größe\": 1\n}".encode()],
    ),
)
with tempfile.TemporaryDirectory() as folder:
    writer = EventFileWriter(folder)
    writer.add_event(Event(wall_time=1700000000.5, step=0, summary=Summary(value=[text])))
    writer.add_event(Event(wall_time=1700000001.5, step=300, summary=Summary(value=[Summary.Value(tag="train/loss", simple_value=0.6875)])))
    writer.add_event(Event(wall_time=1700000002.5, step=5_000_000_000, summary=Summary(value=[Summary.Value(tag="weights/a", histo=histogram)])))
    writer.close()
    [path] = Path(folder).iterdir()
    content = base64.b64encode(path.read_bytes()).decode()
Path(__file__).with_suffix(".json").write_text(json.dumps({"tensorboard": "2.21.0", "file": content}, indent=2) + "\n")
