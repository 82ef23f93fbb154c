"""Files into tensors: decoded by all cores, once, and kept in the cache.

In come image files; out come images and masks as uint8 tensors of one size.
"""
