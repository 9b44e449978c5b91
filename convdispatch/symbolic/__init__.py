"""Functions of tensors with Keras's names, which compute with native tensors and record symbols.

Each is written once, over a backend's table of functions. `keras1.backend` and `keras2.backend` are
its doors. Layers whose `call` is written with them are in `custom`.
"""

from convdispatch.engine import operators
from convdispatch.symbolic import arrays, elementwise, products, table

__all__ = ["table"]

operators.provide(
    {
        "abs": elementwise.abs,
        "add": elementwise.add,
        "subtract": elementwise.subtract,
        "multiply": elementwise.multiply,
        "divide": elementwise.divide,
        "floor_divide": elementwise.floor_divide,
        "mod": elementwise.mod,
        "pow": elementwise.pow,
        "matmul": products.matmul,
        "negative": elementwise.negative,
        "less": elementwise.less,
        "less_equal": elementwise.less_equal,
        "greater": elementwise.greater,
        "greater_equal": elementwise.greater_equal,
        "logical_and": elementwise.logical_and,
        "logical_or": elementwise.logical_or,
        "logical_not": elementwise.logical_not,
        "part": arrays.part,
    }
)
