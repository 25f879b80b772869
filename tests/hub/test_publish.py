"""A root is published: whole, once, one commit a cell, and found again by those who load it."""

import shutil
from dataclasses import replace

import pytest

from spe1_builder.dataset.card.root_files import write_card
from spe1_builder.dataset.verify import VerifyReport
from spe1_builder.dataset.write.build import build_cell
from spe1_builder.errors import PublishError
from spe1_builder.hub.publish import publish, require_allowed
from tests.hub.roots import AT_ONCE, REPO, expected_files, hub_files, own_copy
from tests.support.hub.server import TOKEN
from tests.support.recordings import SMALL


@pytest.fixture
def root(two_cells, tmp_path):
    return own_copy(two_cells, tmp_path)


@pytest.fixture
def looked_at(monkeypatch):
    """For tests of what goes to the Hub, several times: the rows are right, and not read again."""
    monkeypatch.setattr(
        "spe1_builder.hub.publish.verify", lambda root, cells, _: VerifyReport(root, (), ())
    )


def publish_all(root, **options):
    return publish(root, REPO, yes=True, allow_simulated=True, patience=AT_ONCE, **options)


def test_a_root_is_published_one_commit_a_cell_the_card_last(root, hub):
    published = publish_all(root)

    assert hub_files(hub) == expected_files(root)
    titles = [commit.title for commit in published.commits]
    assert [title.split()[:2] for title in titles] == [
        ["Add", "c5"],
        ["Add", "c14"],
        ["Views", "and"],
        ["Card", "of"],
    ]
    assert hub.tags(REPO) == {"v1.3.0": hub.head(REPO)}
    assert published.head == hub.head(REPO)
    assert published.is_done


@pytest.mark.usefixtures("looked_at")
def test_what_is_there_costs_three_requests_and_changes_nothing(root, hub):
    publish_all(root)
    head, n_requests = hub.head(REPO), len(hub.requests)

    again = publish_all(root)

    assert again.is_done and not again.commits
    assert len(hub.requests) - n_requests == 3
    assert hub.head(REPO) == head


def test_a_plan_sends_nothing_and_reads_no_traces(root, hub, monkeypatch):
    plan = publish(root, REPO, allow_simulated=True, patience=AT_ONCE).plan

    assert {request.method for request in hub.requests} <= {"GET", "HEAD"}
    assert [(entry.name, entry.state) for entry in plan.entries] == [
        ("c5", "new"),
        ("c14", "new"),
        ("views and side files", "new"),
        ("card and index", "new"),
    ]
    assert plan.creates and plan.is_private and not plan.is_refused


@pytest.mark.usefixtures("looked_at")
def test_a_changed_cell_is_replaced_in_one_commit(root, archive, hub):
    publish_all(root)
    before = hub_files(hub)
    build_cell("c14", archive.sources, root, replace(SMALL, train_fraction=0.5), force=True)

    with pytest.raises(PublishError, match="Nothing was sent"):
        publish_all(root)
    assert hub_files(hub) == before

    published = publish_all(root, move_tag=True)

    assert hub_files(hub) == expected_files(root)
    assert published.commits[0].title.startswith("Replace c14")
    assert hub.tags(REPO) == {"v1.3.0": hub.head(REPO)}
    assert not any(commit.title.startswith("Replace c5") for commit in published.commits)


@pytest.mark.usefixtures("looked_at")
def test_a_cell_that_left_goes_only_when_told(root, hub):
    publish_all(root)
    shutil.rmtree(root / "c5")
    write_card(root)

    with pytest.raises(PublishError, match="Nothing was sent") as refused:
        publish_all(root, move_tag=True)
    assert "c5" in str(refused.value) and "--delete-missing" in str(refused.value)
    assert any(path.startswith("c5/") for path in hub.files(REPO))

    publish_all(root, move_tag=True, delete_missing=True)
    assert hub_files(hub) == expected_files(root)


@pytest.mark.usefixtures("looked_at")
def test_what_authors_put_beside_the_data_stays(root, hub):
    publish_all(root)
    hub.commit(REPO, {"LICENSE": b"theirs", "figures/a.png": b"png"})

    assert publish_all(root).is_done
    assert {"LICENSE", "figures/a.png"} < set(hub.files(REPO))


@pytest.mark.usefixtures("looked_at")
def test_every_commit_holds_whole_cells(root, archive, hub):
    publish_all(root)
    old = hub_files(hub)
    build_cell("c14", archive.sources, root, replace(SMALL, train_fraction=0.5), force=True)
    publish_all(root, move_tag=True)
    new = hub_files(hub)

    for cell_id in ("c5", "c14"):
        states = [of_cell(old, cell_id), of_cell(new, cell_id), {}]
        for commit in hub.history(REPO):
            assert of_cell(hub_files(hub, commit.sha), cell_id) in states


def add_to_card(root, text):
    """As an author does, in a file that no other root has."""
    card = root / "README.md"
    content = card.read_text(encoding="utf-8")
    card.unlink()
    card.write_text(content + text, encoding="utf-8")
    write_card(root)


def of_cell(files, cell_id):
    return {path: digest for path, digest in files.items() if path.startswith(f"{cell_id}/")}


@pytest.mark.usefixtures("looked_at")
def test_a_new_description_alone_leaves_the_tag(root, hub):
    publish_all(root)
    tags = hub.tags(REPO)
    add_to_card(root, "\nAsk us at the lab.\n")

    published = publish_all(root)

    assert len(published.commits) == 1
    assert hub.tags(REPO) == tags
    assert b"Ask us at the lab." in hub.files(REPO)["README.md"]


class TestRefused:
    """Before a byte leaves."""

    @pytest.fixture
    def root(self, short, tmp_path):
        return own_copy(short, tmp_path)

    @pytest.fixture
    def refused(self, root, hub):
        def check(word, **options):
            options = {"allow_simulated": True, **options}
            plan = publish(root, REPO, patience=AT_ONCE, **options).plan
            with pytest.raises(PublishError) as error:
                require_allowed(plan)
            assert {request.method for request in hub.requests} <= {"GET", "HEAD"}
            reasons = [*plan.refusals, *(why for entry in plan.entries for why in entry.reasons)]
            assert plan.is_refused and any(word in reason for reason in reasons), reasons
            assert error.value.do

        return check

    def test_a_simulated_cell(self, refused):
        refused("it is simulated", allow_simulated=False)

    def test_a_script_of_the_datasets_name(self, root, refused):
        (root / "spe1.py").write_text("# a script", encoding="utf-8")
        refused("load_dataset")

    def test_a_damaged_cell(self, root, refused):
        shard = sorted((root / "c14" / "train").glob("data-*.arrow"))[0]
        content = bytearray(shard.read_bytes())
        content[len(content) // 2] ^= 1
        shard.unlink()
        shard.write_bytes(content)
        refused("xxh3_128")

    @pytest.mark.parametrize(
        ("text", "word"),
        [
            ("hf_" + "a" * 34, "a token of the Hub"),
            ("AKIA" + "B" * 16, "a key of AWS"),
            ("-----BEGIN RSA PRIVATE KEY-----", "a private key"),
        ],
    )
    def test_a_secret_in_the_authors_text(self, root, refused, text, word):
        add_to_card(root, f"\n{text}\n")
        refused(word)

    def test_the_very_token_of_whoever_publishes(self, root, refused):
        add_to_card(root, f"\n{TOKEN}\n")
        refused("your token of the Hub")

    def test_a_path_of_this_machine(self, root, refused):
        add_to_card(root, f"\nbuilt in {root.resolve()}\n")
        refused("a path of this machine")

    @pytest.mark.parametrize("name", ["notes.txt", "half.incomplete", "c14/train/mine.arrow"])
    def test_what_is_not_ours(self, root, refused, name):
        (root / name).write_bytes(b"")
        refused(name)

    def test_more_than_a_free_account_has(self, refused, monkeypatch):
        monkeypatch.setattr("spe1_builder.hub.publish.FREE_PRIVATE_BYTES", 1_000_000)
        refused("--public")

    def test_the_same_in_public(self, root, hub, monkeypatch):
        monkeypatch.setattr("spe1_builder.hub.publish.FREE_PRIVATE_BYTES", 1_000_000)
        assert publish_all(root, is_public=True).is_done


def test_locks_and_caches_stay_here(root, hub):
    (root / "c14" / "train" / "cache-0123456789abcdef.arrow").write_bytes(b"of datasets")
    (root / ".spe1" / "some.lock").write_bytes(b"")

    publish_all(root)

    assert not any("cache-" in path or ".spe1" in path for path in hub.files(REPO))
