"""One convolution frontend, any backend, provably the same answer."""
