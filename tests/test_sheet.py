"""The codes on a paper sheet name one box each."""

from collections import Counter

from intake.settings import load_settings
from intake.sheet import box_codes, sheet_name


def test_every_box_of_every_shipped_sheet_has_its_own_code() -> None:
    for question_set in load_settings().question_sets.values():
        codes = box_codes(question_set, {"spoken-language": ("en", "es")})
        counted = Counter(code for boxes in codes.values() for code in boxes.values())
        assert set(counted.values()) == {1}
        assert set(codes) == {question.id for question in question_set.questions}


def test_numbers_boxes_in_the_order_of_the_sheet() -> None:
    question_set = load_settings().question_sets["spd15-2024"]
    codes = box_codes(question_set, {"spoken-language": ("en", "es")})
    race = codes["race-ethnicity"]
    assert (race["1002-5"], race["write-in-1002-5"], race["2028-9"]) == ("A1", "A2", "A3")
    assert list(codes["spoken-language"].values()) == ["B1", "B2", "B3", "B4", "B5"]
    assert sheet_name(question_set, "es") == "spd15-2024 1.1.0 es"
