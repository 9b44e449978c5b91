"""START HERE: the ops that a backend computes, and the protocol that it implements.

Why the contract looks like this:

* The frontend decides and a backend only computes: an op is a frozen dataclass of integers in
  which no name, default or shape is left to interpret.
* An op is lowered once per (op, shapes, element type) to a plain callable over the backend's own
  tensors, so a jit compiler, an autodiff engine or a profiler sees ordinary code of its kind.
* The numbers of an op are as small as possible: `dispatch` lowers the op that `resolving` returns.
  A backend never sees an axis of more than 2**31 - 1 cells, a sample or a weight of more than 2**40
  numbers, or pads that dwarf both image and result: the frontend refuses those first.
* A plan serves every batch size: the batch axis is axis 0, and no signature contains it.
* A backend needs one op, `Conv` in one group, and its table of functions: `kit.derived` builds
  every other op from these. It lowers an op itself if its framework is faster.
* Importing this package, or a plugin that only describes a backend, imports no framework.

Layouts. Tensors are (batch, *spatial, channels) or (batch, channels, *spatial). Kernels are always
(*spatial, input channels per group, output channels), the channels of one group side by side.
"""

from convdispatch.ops._backend import Backend as Backend
from convdispatch.ops._backend import OptionalMethods as OptionalMethods
from convdispatch.ops._description import DECLINABLE as DECLINABLE
from convdispatch.ops._description import PROTOCOL as PROTOCOL
from convdispatch.ops._description import Accuracy as Accuracy
from convdispatch.ops._description import BackendInfo as BackendInfo
from convdispatch.ops._description import Capabilities as Capabilities
from convdispatch.ops._description import Launched as Launched
from convdispatch.ops._features import declined_feature as declined_feature
from convdispatch.ops._features import features as features
from convdispatch.ops._features import op_name as op_name
from convdispatch.ops._features import spatial_rank as spatial_rank
from convdispatch.ops._functions import OPTIONAL_FUNCTIONS as OPTIONAL_FUNCTIONS
from convdispatch.ops._functions import REQUIRED_FUNCTIONS as REQUIRED_FUNCTIONS
from convdispatch.ops._groups import Group as Group
from convdispatch.ops._groups import Part as Part
from convdispatch.ops._groups import PartialStep as PartialStep
from convdispatch.ops._groups import ShardedGroup as ShardedGroup
from convdispatch.ops._model import Model as Model
from convdispatch.ops._model import TrainableModel as TrainableModel
from convdispatch.ops._ops import FUSED_ACTIVATIONS as FUSED_ACTIVATIONS
from convdispatch.ops._ops import Conv as Conv
from convdispatch.ops._ops import ConvTranspose as ConvTranspose
from convdispatch.ops._ops import Dense as Dense
from convdispatch.ops._ops import Op as Op
from convdispatch.ops._ops import Pad as Pad
from convdispatch.ops._ops import Pool as Pool
from convdispatch.ops._ops import Resize as Resize
from convdispatch.ops._ops import Signature as Signature
from convdispatch.ops._ops import SpatialOp as SpatialOp
from convdispatch.ops._ops import Upsample as Upsample
from convdispatch.ops._tensors import FLOAT_DTYPES as FLOAT_DTYPES
from convdispatch.ops._tensors import HALF_DTYPES as HALF_DTYPES
from convdispatch.ops._tensors import INTEGER_DTYPES as INTEGER_DTYPES
from convdispatch.ops._tensors import NumpyArray as NumpyArray
from convdispatch.ops._tensors import PartialShape as PartialShape
from convdispatch.ops._tensors import Shape as Shape
from convdispatch.ops._tensors import Tensor as Tensor
from convdispatch.ops._tensors import known_sizes as known_sizes
from convdispatch.ops._trees import Differentiable as Differentiable
from convdispatch.ops._trees import Differentiated as Differentiated
from convdispatch.ops._trees import Scan as Scan
from convdispatch.ops._trees import ScanStep as ScanStep
from convdispatch.ops._trees import Step as Step
from convdispatch.ops._trees import Tree as Tree
