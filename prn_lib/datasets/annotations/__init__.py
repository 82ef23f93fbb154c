"""Annotations that people drew with other tools become a folder of one's own.

In comes what LabelMe, COCO, CVAT, VOC or a paint program wrote; out comes the layout of
:mod:`prn_lib.datasets.layouts.folder`. One file a format makes a :class:`Annotated` of it, in which
nothing is drawn yet; ``write`` draws the masks and writes all of it, or nothing.
"""
