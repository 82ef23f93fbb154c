"""What every room stands on; no idea of the paper lives here.

Files that appear whole or not at all, folders that one process holds, the project's folder,
refusals of bad values, names in natural order, progress bars, devices, where and with what a run
was made, and a repair of torchvision's import.
"""
