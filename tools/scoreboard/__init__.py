"""The scoreboard: engines of others, judged by the whole suite and laid side by side.

It is a tool of this checkout and not a part of the package: it makes environments, installs
gigabytes and runs for an hour. Which engines there are is data, in `engines.toml`.
"""
