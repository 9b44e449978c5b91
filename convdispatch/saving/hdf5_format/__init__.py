"""HDF5's own structures, read from bytes in Python: nothing that a file says can end the process.

`parsing` makes a tree of a file's groups, attributes and places of arrays; `arrays` reads the
numbers at a place. Only what Keras and h5py write is understood. `Unusual` is raised for the rest
of the format, which HDF5's own library reads in a process of its own: `child`.
"""
