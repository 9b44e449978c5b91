"""Pictures of what a window does: pads, crops, strides, taps, and who reads what.

`scene` is what is shown, `svg` draws it, `words` say it. Nothing here decides a geometry: each
number of an axis is given, as the layer resolved it.
"""
