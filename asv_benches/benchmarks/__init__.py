"""What convdispatch costs: run with asv, from the folder `asv_benches`.

    asv check -E existing:same              # are the benchmarks well formed?
    asv run -E existing:same --quick        # in this environment, as it is
    asv run HEAD^!                          # in an environment of asv's own

The backend is the first parameter of every benchmark that has one. A backend that is not installed
raises NotImplementedError in `setup`, which asv shows as n/a. No framework is imported before
`setup`, so that benchmarks can be discovered where none is installed.
"""
