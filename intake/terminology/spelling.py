"""Measures how far a typed word is from the right one."""


def allowed_mistakes(word: str) -> int:
    """Return how many letters of a word may be wrong.

    A short word with a wrong letter is usually another word.
    """
    length = len(word)
    return 0 if length < 4 else 1 if length < 6 else 2 if length < 10 else 3


def count_mistakes(typed: str, word: str, limit: int) -> int:
    """Return the edit distance of two words, or `limit + 1` if it is larger than the limit.

    A missing, an added or a wrong letter, and two letters in the wrong order, count as one each
    (optimal string alignment).
    """
    too_many = limit + 1
    if abs(len(typed) - len(word)) > limit:
        return too_many
    before: list[int] = []
    previous = list(range(len(word) + 1))
    for row, letter in enumerate(typed, 1):
        current = [row]
        for column, other in enumerate(word, 1):
            distance = min(
                previous[column] + 1,
                current[column - 1] + 1,
                previous[column - 1] + (letter != other),
            )
            if _is_swapped(typed, word, row, column):
                distance = min(distance, before[column - 2] + 1)
            current.append(distance)
        if min(current) > limit:
            return too_many
        before, previous = previous, current
    return min(previous[-1], too_many)


def _is_swapped(typed: str, word: str, row: int, column: int) -> bool:
    return (
        row > 1
        and column > 1
        and typed[row - 1] == word[column - 2]
        and typed[row - 2] == word[column - 1]
    )


def shared_beginning(typed: str, word: str) -> int:
    """Return how many letters two words have in common at their beginning."""
    length = 0
    for letter, other in zip(typed, word, strict=False):
        if letter != other:
            break
        length += 1
    return length
