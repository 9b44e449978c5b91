"""What Kerases offer beside layers and models: data sets, files, pictures, texts, networks.

Each is written once here; `doors.modules` says under which names each Keras has it.
"""
