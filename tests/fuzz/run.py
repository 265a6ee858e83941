"""Run schemathesis against a real controller, with all of its checks.

    python -m tests.fuzz.run SCHEMATHESIS EXAMPLES [MORE ...]

What comes after EXAMPLES is handed on to schemathesis; the exit code is its own. Left out is
`positive_data_acceptance`: what a spec's sections, or a webhook's address, must be beside each other, no JSON schema
says, so what fits the schema may be refused with 422.
"""

import subprocess
import sys

from tests.fuzz.serve import TOKEN


def main(schemathesis: str, examples: str, *more: str) -> int:
    serving = subprocess.Popen(
        [sys.executable, "-m", "tests.fuzz.serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert serving.stdin is not None
    assert serving.stdout is not None
    try:
        address = next(line.strip() for line in serving.stdout if line.startswith("http://"))
        asked = [schemathesis, "run", f"{address}/openapi.json", "-H", f"Authorization: Bearer {TOKEN}"]
        told = [
            "--checks",
            "all",
            "--exclude-checks",
            "positive_data_acceptance",
            "--max-examples",
            examples,
            "--seed",
            "1",
            "--generation-deterministic",
        ]
        return subprocess.run([*asked, *told, "--continue-on-failure", *more], check=False).returncode
    finally:
        serving.stdin.close()
        try:
            serving.wait(30)
        except subprocess.TimeoutExpired:
            serving.terminate()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
