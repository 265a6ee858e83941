"""More requests at once than the API has threads and connections."""

from concurrent.futures import ThreadPoolExecutor

from tests.service import API, Service


def test_a_hundred_requests_at_once_are_all_answered(service: Service) -> None:
    experiment = service.create()
    with ThreadPoolExecutor(max_workers=100) as people:
        codes = list(people.map(lambda _: service.http.get(f"{API}/experiments/{experiment}").status_code, range(300)))
    assert set(codes) == {200}
