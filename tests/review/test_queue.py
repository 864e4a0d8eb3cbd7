"""What a rater is asked: in an order of their own, again after a stop, and nothing of others; every answer is a row that stays."""

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.review.draw import draw_images
from mcas_assets.review.queue import Queue
from mcas_assets.store import votes
from tests.review.conftest import VERSION


@pytest.fixture
def draw(pictured, tiny):
    return draw_images(pictured, tiny, VERSION, 9, None)


def rate(store, audit, draw, rater: str, *answers: int, third: bool = False) -> Queue:
    """A rater who gives these answers, by image in the order of their ids: images differ in order, not in what they are."""
    queue = Queue(store, audit, draw, "gender", rater, is_adjudication=third)
    by_image = sorted(queue.shown, key=lambda one: one.image_id)
    for shown, answer in zip(by_image, answers, strict=False):
        queue.answer(shown.place, answer)
    return queue


def rows(store) -> list[tuple]:
    with store.open() as con:
        return con.execute("select rater, answer, is_adjudication from review_votes order by number").fetchall()


def test_two_raters_have_the_same_images_in_orders_of_their_own(pictured, tiny, draw):
    ada, ben, again = (Queue(pictured, tiny, draw, "gender", name).shown for name in ("ada", "ben", "ada"))
    assert again == ada
    assert {one.image_id for one in ada} == {one.image_id for one in ben}
    assert [one.image_id for one in ada] != [one.image_id for one in ben]


def test_who_stops_goes_on_where_they_were(pictured, tiny, draw):
    queue = Queue(pictured, tiny, draw, "gender", "ada")
    assert queue.answers == ("man", "woman", "no group")
    queue.answer(0, 0)
    assert queue.answer(1, 2) == {"next": 2, "done": 2, "all": 9}
    assert Queue(pictured, tiny, draw, "gender", "ada").state() == {"next": 2, "done": 2, "all": 9}
    assert Queue(pictured, tiny, draw, "skin_tone", "ada").state()["done"] == 0
    assert Queue(pictured, tiny, draw, "gender", "ben").state()["done"] == 0


def test_taking_back_is_a_row_and_so_is_the_answer_after_it(pictured, tiny, draw):
    Queue(pictured, tiny, draw, "gender", "ada").answer(0, 0)
    queue = Queue(pictured, tiny, draw, "gender", "ada")  # after a stop, too
    assert queue.take_back() == {"next": 0, "done": 0, "all": 9}
    assert queue.take_back()["done"] == 0
    queue.answer(0, 1)
    assert rows(pictured) == [("ada", "man", False), ("ada", None, False), ("ada", "woman", False)]
    with pictured.open() as con:
        assert votes.read_votes(con, tiny.audit, VERSION)["answer"].to_list() == ["woman"]


def test_a_third_is_asked_about_what_raters_differ_on_and_nobody_settles_what_they_rated(pictured, tiny, draw):
    rate(pictured, tiny, draw, "ada", 0, 0, 1, 2, 0)
    rate(pictured, tiny, draw, "ben", 0, 1, 1, 0)
    assert Queue(pictured, tiny, draw, "gender", "ada", is_adjudication=True).shown == []
    third = rate(pictured, tiny, draw, "cy", 1, third=True)
    assert (third.state()["done"], third.state()["all"]) == (1, 2)
    again = Queue(pictured, tiny, draw, "gender", "cy", is_adjudication=True)
    assert (again.state()["done"], again.state()["all"]) == (1, 2)  # what is settled stays, to be taken back
    assert Queue(pictured, tiny, draw, "gender", "dee", is_adjudication=True).state()["all"] == 1


@pytest.mark.parametrize("rater", ["", "Ada", "a b", "../x", "=cmd", "a" * 41])
def test_a_name_that_could_be_two_or_is_none_is_refused(pictured, tiny, draw, rater):
    with pytest.raises(BadInput, match="--rater"):
        Queue(pictured, tiny, draw, "gender", rater)


@pytest.mark.parametrize(("place", "answer"), [(-1, 0), (9, 0), (0, -1), (0, 3)])
def test_no_vote_is_kept_for_what_is_not_there(pictured, tiny, draw, place, answer):
    with pytest.raises(BadInput, match="no image"):
        Queue(pictured, tiny, draw, "gender", "ada").answer(place, answer)
    assert rows(pictured) == []


def test_an_axis_that_the_audit_lacks_is_refused(pictured, tiny, draw):
    with pytest.raises(BadInput, match="Use one of gender, skin_tone"):
        Queue(pictured, tiny, draw, "age", "ada")
