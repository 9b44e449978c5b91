"""Code that every backend would otherwise repeat.

A backend's author needs two things: the functions of `ops.REQUIRED_FUNCTIONS`, and a lowering of
`Conv` in one group. `derived` builds every other op from them:

    def lower(self, op, signature):
        if isinstance(op, Conv) and op.groups == 1:
            return my_convolution(op, signature)
        return kit.derived(op, signature, self)

If the framework is faster and correct, the backend lowers an op itself, with these helpers: `axes`
for `Conv`, `ConvTranspose` and `Pool`; `samples`, `resampling` and `enlarging` for `Upsample` and
`Resize`; `result_shape` for any op; `finished` for the bias and the activation of `Conv`,
`ConvTranspose` and `Dense`;
`rounded_once` for half precision; `permutations`, `channels_first` and `channels_last` for the two
layouts; `checked_step`, `map_tree` and `per_variables` for `compile_step`; `as_function` and
`numbered` for `wrap`; `parts_of`, `group_failure`, `launched_number` and `group_timeout` for
`group`; `draws`, which are
`Backend.random` over NumPy arrays, and `over_tensors`, which turns a function of arrays into one of
tensors; `functions_from` and `draws_from`, which make `functions` and `random` from a framework
that spells most of them as NumPy does; `looped`, which is `compile_scan` in Python;
`portable_draws`, the random numbers that are the same on every backend.
Nothing here ever computes on any backend except the given one.
"""

from convdispatch.kit._axes import Axis as Axis
from convdispatch.kit._axes import Window as Window
from convdispatch.kit._axes import axes as axes
from convdispatch.kit._axes import windows as windows
from convdispatch.kit._convolutions import by_group as by_group
from convdispatch.kit._derived import derived as derived
from convdispatch.kit._draws import below_one as below_one
from convdispatch.kit._draws import draws as draws
from convdispatch.kit._draws import draws_from as draws_from
from convdispatch.kit._epilogue import finished as finished
from convdispatch.kit._failures import group_failure as group_failure
from convdispatch.kit._launched import group_timeout as group_timeout
from convdispatch.kit._launched import launched_number as launched_number
from convdispatch.kit._layouts import channel_axis as channel_axis
from convdispatch.kit._layouts import channels as channels
from convdispatch.kit._layouts import channels_first as channels_first
from convdispatch.kit._layouts import channels_last as channels_last
from convdispatch.kit._layouts import first_spatial_axis as first_spatial_axis
from convdispatch.kit._layouts import partial_size as partial_size
from convdispatch.kit._layouts import permutations as permutations
from convdispatch.kit._layouts import spatial_axes as spatial_axes
from convdispatch.kit._layouts import spatial_size as spatial_size
from convdispatch.kit._moving import enlarging as enlarging
from convdispatch.kit._moving import fitting as fitting
from convdispatch.kit._moving import resampling as resampling
from convdispatch.kit._numpy_arrays import native as native
from convdispatch.kit._numpy_arrays import native_type as native_type
from convdispatch.kit._numpy_arrays import numpy_dtype as numpy_dtype
from convdispatch.kit._numpy_arrays import over_tensors as over_tensors
from convdispatch.kit._numpy_arrays import widened as widened
from convdispatch.kit._numpy_functions import inside as inside
from convdispatch.kit._numpy_functions import numpy_functions as numpy_functions
from convdispatch.kit._parts import parts_of as parts_of
from convdispatch.kit._philox import PORTABLE_KEY as PORTABLE_KEY
from convdispatch.kit._philox import philox as philox
from convdispatch.kit._philox import portable_draws as portable_draws
from convdispatch.kit._pooling import divisors as divisors
from convdispatch.kit._precision import computed_in as computed_in
from convdispatch.kit._precision import rounded_once as rounded_once
from convdispatch.kit._precision import rounding as rounding
from convdispatch.kit._primitives import Primitives as Primitives
from convdispatch.kit._results import result_shape as result_shape
from convdispatch.kit._samples import Samples as Samples
from convdispatch.kit._samples import samples as samples
from convdispatch.kit._scanning import looped as looped
from convdispatch.kit._slices import as_slice as as_slice
from convdispatch.kit._steps import checked_step as checked_step
from convdispatch.kit._steps import map_tree as map_tree
from convdispatch.kit._steps import per_variables as per_variables
from convdispatch.kit._tables import functions_from as functions_from
from convdispatch.kit._tables import simple_powers as simple_powers
from convdispatch.kit._wrapping import Apply as Apply
from convdispatch.kit._wrapping import HasWeights as HasWeights
from convdispatch.kit._wrapping import Numbered as Numbered
from convdispatch.kit._wrapping import as_function as as_function
from convdispatch.kit._wrapping import numbered as numbered
