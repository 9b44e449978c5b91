"""What a backend may have done instead of what an op says: the table of mistakes.

`mistake` says what one is, each other module has those of one idea, and `EVERY` has all, the more
particular ones first. To add one, write down the numbers that it gives, by the oracle.
"""

from convdispatch.conformance.diagnosis.mistakes.contents import CHANNELS, KERNELS
from convdispatch.conformance.diagnosis.mistakes.epilogue import EPILOGUE, SHAPES
from convdispatch.conformance.diagnosis.mistakes.geometry import PADS, STEPS
from convdispatch.conformance.diagnosis.mistakes.mistake import Mistake
from convdispatch.conformance.diagnosis.mistakes.pooling import POOLS
from convdispatch.conformance.diagnosis.mistakes.precision import PRECISION
from convdispatch.conformance.diagnosis.mistakes.sampling import RESIZES, UPSAMPLES

EVERY: tuple[Mistake, ...] = (
    *KERNELS,
    *PADS,
    *STEPS,
    *POOLS,
    *RESIZES,
    *UPSAMPLES,
    *CHANNELS,
    *EPILOGUE,
    *SHAPES,
    *PRECISION,
)

__all__ = ["EVERY", "Mistake"]
