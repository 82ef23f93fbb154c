"""What the batch takes for done."""

import pytest

from conftest import save_mask
from prn_lib.batch.driver import of_other_files
from prn_lib.batch.plan import Request, plan
from prn_lib.batch.state import NOTEBOOK
from prn_lib.runs import results
from prn_lib.runs.running import run


@pytest.fixture
def jobs(product_root, tmp_path, monkeypatch):
    """One finished job of the batch, in a project folder of its own."""
    monkeypatch.setattr(results, "project_folder", lambda: tmp_path / "project")
    asked = Request(
        targets=["reproduce"], dataset="mvtec", data_root=str(product_root), preset="smoke",
        seeds=[0], overrides={"n_anomalies": 3},
    )  # fmt: skip
    (job,) = plan(asked)
    run(job.experiment, job.folder)
    (job.folder / NOTEBOOK).write_text("{}")
    return [job]


def test_a_run_is_done_for_the_files_that_it_was_made_from_only(jobs, product_root):
    (job,) = jobs
    assert of_other_files(jobs) == {}
    save_mask(product_root / "plate/ground_truth/hole/000_mask.png", (1, 1, 9, 9))
    told = of_other_files(jobs)
    assert list(told) == [job.name]
    assert "holds a run on other files than mvtec has now" in told[job.name]
    (job.folder / NOTEBOOK).unlink()
    assert of_other_files(jobs) == {}  # not done, so that the run itself will say it


def test_the_same_product_name_in_another_folder_is_another_product(jobs, product_root, tmp_path):
    elsewhere = product_root.rename(tmp_path / "elsewhere")
    (job,) = plan(
        Request(
            targets=["reproduce"], dataset="mvtec", data_root=str(elsewhere), preset="smoke",
            seeds=[0], overrides={"n_anomalies": 3},
        )
    )  # fmt: skip
    assert of_other_files([job]) == {}  # moved, but the same
    path = next((elsewhere / "plate/train/good").iterdir())
    path.write_bytes((elsewhere / "plate/test/good/000.png").read_bytes() + b"\0")
    assert "not the same: train_normals" in of_other_files([job])[job.name]
