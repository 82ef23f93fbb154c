from prn_lib.common.names import natural


def test_numbers_in_names_are_counted():
    names = ["img10", "img2", "a", "img2-10", "img2-9", "img010", "20260102030405999", "9"]
    expected = ["9", "20260102030405999", "a", "img2", "img2-9", "img2-10", "img10", "img010"]
    assert sorted(names, key=natural) == expected
