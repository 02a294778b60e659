"""Row scope: what `visible_place` shows to whom, at the real tables, against a walk up the tree."""

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.scope import PUBLIC, Scope

PRIVATE = {"farm", "field", "barn", "pond"}
KINDS = ("commune", "village", "station", "reservoir", "farm", "field", "barn", "pond")


class Tree:
    """Places in the tables, and what a walk up the tree says of them."""

    def __init__(self, url):
        self.connection = psycopg.connect(url, autocommit=True)
        self.parent, self.kind = {}, {}

    def add(self, kind, parent=None):
        number = len(self.parent) + 1
        row = self.connection.execute(
            "INSERT INTO place (code, kind, name, parent) VALUES (%s, %s, '', %s) RETURNING id",
            [f"p{number}", kind, parent],
        ).fetchone()
        self.parent[row[0]], self.kind[row[0]] = parent, kind
        return row[0]

    def move(self, place, parent):
        self.connection.execute("UPDATE place SET parent = %s WHERE id = %s", [parent, place])
        self.parent[place] = parent

    def become(self, place, kind):
        self.connection.execute("UPDATE place SET kind = %s WHERE id = %s", [kind, place])
        self.kind[place] = kind

    def above(self, place):
        """The place and all above it."""
        while place is not None:
            yield place
            place = self.parent[place]

    def seen(self, scope):
        """Ids that the fragment shows."""
        sql = "SELECT id FROM visible_place(%(everything)s, %(roots)s::int[], %(open)s)"
        return {row[0] for row in self.connection.execute(sql, scope.parameters())}

    def expected(self, scope):
        def shown(place):
            private = any(self.kind[above] in PRIVATE for above in self.above(place))
            return (
                scope.everything
                or (scope.open and not private)
                or any(above in scope.roots for above in self.above(place))
            )

        return {place for place in self.parent if shown(place)}


@pytest.fixture
def tree(database):
    found = Tree(database)
    yield found
    found.connection.close()


@pytest.fixture
def farms(tree):
    """Two farms of one commune, each with a field and a station in it; a station of the commune's own."""
    province = tree.add("province")
    commune = tree.add("commune", province)
    mine, theirs = ({"farm": (farm := tree.add("farm", commune)), "field": (field := tree.add("field", farm)),
                     "station": tree.add("station", field)} for _ in range(2))  # fmt: skip
    return {
        "province": province,
        "commune": commune,
        "open": tree.add("station", commune),
        "mine": mine,
        "theirs": theirs,
    }


def test_who_is_given_no_scope_sees_nothing(tree, farms):
    assert tree.seen(Scope()) == set()
    assert Scope().parameters() == {"everything": False, "roots": [], "open": False}
    assert tree.seen(Scope(everything=False, roots=(), open=False)) == set()


def test_the_public_sees_what_is_no_farms(tree, farms):
    assert tree.seen(PUBLIC) == {farms["province"], farms["commune"], farms["open"]}
    assert PUBLIC.parameters() == {"everything": False, "roots": [], "open": True}


def test_a_farmer_sees_their_farm_and_all_below_and_none_of_another(tree, farms):
    mine, theirs = set(farms["mine"].values()), set(farms["theirs"].values())
    assert tree.seen(Scope(roots=(farms["mine"]["farm"],))) == mine
    assert tree.seen(Scope(roots=(farms["mine"]["field"],))) == mine - {farms["mine"]["farm"]}
    with_public = tree.seen(Scope(roots=(farms["mine"]["farm"],), open=True))
    assert with_public == mine | tree.seen(PUBLIC)
    assert not with_public & theirs
    assert tree.seen(Scope(roots=(farms["mine"]["station"], farms["theirs"]["station"]))) == {
        farms["mine"]["station"], farms["theirs"]["station"]
    }  # fmt: skip


def test_who_may_see_a_commune_sees_its_farms_and_everything_is_everything(tree, farms):
    everything = set(tree.parent)
    assert tree.seen(Scope(roots=(farms["commune"],))) == everything - {farms["province"]}
    assert tree.seen(Scope(roots=(farms["province"],))) == everything
    assert tree.seen(Scope(everything=True)) == everything
    assert tree.seen(Scope(roots=(999_999,))) == set(), "a place that is none opens nothing"


def test_what_comes_to_a_farm_is_hidden_with_all_below_it_and_shown_again_when_it_leaves(tree, farms):
    village = tree.add("village", farms["commune"])
    below = tree.add("station", tree.add("reservoir", village))
    assert below in tree.seen(PUBLIC)
    tree.move(village, farms["theirs"]["field"])
    assert tree.seen(PUBLIC) == tree.expected(PUBLIC)
    assert below not in tree.seen(PUBLIC)
    assert below in tree.seen(Scope(roots=(farms["theirs"]["farm"],)))
    assert below not in tree.seen(Scope(roots=(farms["mine"]["farm"],), open=True))
    tree.move(village, farms["commune"])
    assert below in tree.seen(PUBLIC)
    assert below not in tree.seen(Scope(roots=(farms["theirs"]["farm"],)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_place_is_private_by_its_kind_and_by_what_it_lies_in(tree, farms, kind):
    alone, inside = tree.add(kind, farms["commune"]), tree.add(kind, farms["mine"]["farm"])
    assert (alone in tree.seen(PUBLIC)) is (kind not in PRIVATE)
    assert inside not in tree.seen(PUBLIC)
    tree.become(farms["mine"]["farm"], "village")
    assert tree.seen(PUBLIC) == tree.expected(PUBLIC)
    assert farms["mine"]["station"] not in tree.seen(PUBLIC), "it lies in a field still"


def test_a_new_kind_hides_and_shows_all_below_however_deep(tree, farms):
    """A village becomes a farm: the station in its reservoir is the farm's, and public again when it is one no more."""
    village = tree.add("village", farms["commune"])
    deep = tree.add("station", tree.add("reservoir", village))
    tree.become(village, "farm")
    assert deep not in tree.seen(PUBLIC)
    assert tree.seen(PUBLIC) == tree.expected(PUBLIC)
    tree.become(village, "village")
    assert deep in tree.seen(PUBLIC)
    assert tree.seen(PUBLIC) == tree.expected(PUBLIC)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_any_tree_however_it_was_changed_shows_what_a_walk_up_it_says(tree, data):
    tree.connection.execute("TRUNCATE place RESTART IDENTITY CASCADE")
    tree.parent.clear()
    tree.kind.clear()
    for _ in range(data.draw(st.integers(1, 9))):
        tree.add(data.draw(st.sampled_from(KINDS)), data.draw(st.none() | st.sampled_from(list(tree.parent) or [None])))
    places = list(tree.parent)
    for _ in range(data.draw(st.integers(0, 4))):
        place, new = data.draw(st.sampled_from(places)), data.draw(st.none() | st.sampled_from(places))
        if data.draw(st.booleans()):
            tree.become(place, data.draw(st.sampled_from(KINDS)))
        elif new is None or place not in tree.above(new):
            tree.move(place, new)
    scope = Scope(
        everything=data.draw(st.sampled_from([False, False, False, True])),
        roots=tuple(data.draw(st.lists(st.sampled_from(places), max_size=3))),
        open=data.draw(st.booleans()),
    )
    assert tree.seen(scope) == tree.expected(scope)
