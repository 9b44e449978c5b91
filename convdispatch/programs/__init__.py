"""A model as a flat list of instructions, which exporters translate.

`models.exporting` applies a model to symbolic inputs on a `Recorder`, a backend that writes down
what it is asked to compute. What comes out is a `Program`: weights by path, and instructions in
order, each with explicit options. Nothing is left to interpret: pads are numbers, axes count from
0, and only the batch size is unknown. An exporter translates the instructions one by one.

The instructions. Operands are values of the program; numbers stand for themselves.

Ops, with the options `op` and `signature` of `convdispatch.ops`:
    conv, conv_transpose, dense      (x, kernel) or (x, kernel, bias)
    pad, pool, resize, upsample      (x)

Functions of `ops.REQUIRED_FUNCTIONS`, with the meaning they have there:
    abs, erf, erfc, exp, expm1, log, log1p, relu, sigmoid, sign, sqrt, stop_gradient, tanh   (x)
    maximum, minimum, power, equal, not_equal, less, less_equal, greater, greater_equal      (x, y)
    where                            (condition, x, y)
    clip                             (x), low, high
    max, mean, sum                   (x), axes: a tuple, keepdims
    argmax, cumsum                   (x), axis
    concatenate, stack               (tensors ...), axis
    flip                             (x), axes
    transpose                        (x), order
    pad_with                         (x), pads: of each axis, value
    reshape                          (x), shape: at most one size is -1
    take                             (x, indices), axis
    matmul                           (a, b)
    one_hot                          (indices), depth, dtype

Python's operators and what else there is:
    add, subtract, multiply, divide, floor_divide, remainder, logical_and, logical_or        (x, y)
    negative, logical_not            (x)
    cast                             (x), dtype
    slice                            (x), axis, start, stop, step: as of Python's slices
    size                             (x), axis: how many cells an axis has, an integer
    normalize                        (x, mean, variance, gamma or None, beta or None), axis, epsilon
    scan                             (states ..., inputs ...), states: how many, body: a `Block`
                                     whose parameters are the states and what the inputs have at a
                                     step, and whose results are the next states and an output;
                                     the results are the last states and the outputs in a stack
"""

from convdispatch.programs._calls import called as called
from convdispatch.programs._calls import of_list as of_list
from convdispatch.programs._calls import of_operands as of_operands
from convdispatch.programs._calls import with_option as with_option
from convdispatch.programs._evaluating import evaluator as evaluator
from convdispatch.programs._exporters import Exporter as Exporter
from convdispatch.programs._exporters import ExporterInfo as ExporterInfo
from convdispatch.programs._program import Block as Block
from convdispatch.programs._program import Instruction as Instruction
from convdispatch.programs._program import Program as Program
from convdispatch.programs._program import Value as Value
from convdispatch.programs._program import Weight as Weight
from convdispatch.programs._recorder import Recorder as Recorder
from convdispatch.programs._recorder import Supports as Supports
from convdispatch.programs._source import Body as Body
from convdispatch.programs._source import Expression as Expression
from convdispatch.programs._source import Source as Source
from convdispatch.programs._source import cells as cells
from convdispatch.programs._source import identifier as identifier
from convdispatch.programs._source import number as number
from convdispatch.programs._source import operators as operators
from convdispatch.programs._source import plain as plain
from convdispatch.programs._tidying import arranged as arranged
from convdispatch.programs._tidying import tidied as tidied
