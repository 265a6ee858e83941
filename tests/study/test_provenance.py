"""The experiment as it was run can be run again."""

from controller.study.provenance import LEFT_OUT, without_secrets
from podium.documents import read_document, write_document
from podium.faults import parse_spec
from podium.study_markdown import markdown_of
from podium.wire import DataDigests
from tests.study.arms import a_report, an_arm, with_results


def test_the_spec_in_the_report_is_the_one_that_ran() -> None:
    arm = an_arm({"parameters": {"x": {"type": "real", "low": 1.2e-5, "high": 1e20, "scale": "log"}}})
    [told] = a_report(arm).arms
    assert parse_spec(read_document(told.provenance.spec_yaml)) == arm.spec


def test_the_data_are_those_that_the_first_run_told_where_no_results_are_left() -> None:
    told = DataDigests(images="a" * 64, held_out="b" * 64)
    arm = an_arm(data=told)
    [unread] = a_report(arm).arms
    assert (unread.provenance.data_digest, unread.provenance.split_digest) == (told.images, told.held_out)
    [read] = a_report(arm, results={(arm.id, 2): with_results()}).arms
    assert (read.provenance.data_digest, read.provenance.split_digest) == ("d" * 64, "5" * 64)


def test_documents_are_read_as_what_was_written() -> None:
    document = {
        "z": 1e-7,
        "a": ["no", "1e-4", "", "null", "~", True, None, 3, "x: y # z", "two\nlines", "\x1b[31m", " - ", "é"],
        "m": {"b": 0.1, "a": {}},
    }
    written = write_document(document)
    assert read_document(written) == document
    assert list(read_document(written)) == ["z", "a", "m"]  # type: ignore[call-overload]
    assert "\x1b" not in written


def test_values_of_environment_variables_stay_out_and_the_spec_stays_as_it_was() -> None:
    trial = {
        "command": ["true"],
        "env": {"API_KEY": "hunter2"},
        "rungs": {"small": {"env": {"OTHER_KEY": "hunter3"}, "image": "small:1"}, "full": {}},
        "image": "large:1",
    }
    arm = an_arm({"trial": trial})
    [told] = a_report(arm).arms
    assert "hunter" not in told.model_dump_json()
    assert (told.provenance.spec_yaml.count(LEFT_OUT), "API_KEY" in told.provenance.spec_yaml) == (2, True)
    assert arm.spec_document["trial"] == trial
    assert parse_spec(read_document(told.provenance.spec_yaml)).name == "tiny"


def test_images_are_told_by_rung() -> None:
    trial = {"command": ["true"], "image": "large:1", "rungs": {"small": {"image": "small:1"}}}
    [told] = a_report(an_arm({"trial": trial})).arms
    assert told.provenance.images == {"small": "small:1", "medium": "large:1", "full": "large:1"}
    [told] = a_report(an_arm({"trial": None, "training": {"dataset": "digits"}})).arms
    assert set(told.provenance.images.values()) == {None}


def test_a_spec_without_a_trial_section_has_nothing_to_leave_out() -> None:
    assert without_secrets({"name": "x"}) == {"name": "x"}


def test_of_many_nodes_some_are_named() -> None:
    nodes = tuple(f"n{number:02}" for number in range(50))
    written = markdown_of(a_report(an_arm(nodes=nodes)))
    assert "| nodes | 50: n00, n01, n02, n03, n04, n05, n06, n07, n08, n09 and others |" in written
