"""What the page of a trial asks the database for."""

from sqlalchemy import event

from tests.service import Service


def test_an_open_page_does_not_read_every_measurement(service: Service) -> None:
    experiment_id = service.create()
    service.settle()
    service.report(service.active()[0], 1, 0.5)
    statements: list[str] = []

    def note(*executed: object) -> None:
        statements.append(str(executed[2]))

    event.listen(service.engine, "before_cursor_execute", note)
    try:
        for path in (f"/experiments/{experiment_id}/trials/1", f"/parts/experiments/{experiment_id}/trials/1"):
            assert service.http.get(path).status_code == 200
        assert statements
        assert not [each for each in statements if "FROM measurements" in each]
        curves = service.http.get(f"/data/experiments/{experiment_id}/trials/1/curves").json()
        assert curves["val_accuracy"]["data"][0]["y"] == [0.5]
        assert [each for each in statements if "FROM measurements" in each]
    finally:
        event.remove(service.engine, "before_cursor_execute", note)
