"""The library's face: its public names, what they load, and the example of its README."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import fhir_client

README = Path(fhir_client.__file__).with_name("README.md")
PYTHON_BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


def typed_imports() -> dict[str, str]:
    """Return the module of each name that type checkers see in `fhir_client`."""
    tree = ast.parse(Path(fhir_client.__file__).read_text("utf-8"))
    [block] = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.name: str(node.module) for node in imports for alias in node.names}


def loaded_packages(module: str) -> set[str]:
    """Return the third-party packages that an import loads in a new process."""
    code = (
        f"import json, sys, {module};"
        "files = [(name, getattr(m, '__file__', None)) for name, m in sys.modules.items()];"
        "print(json.dumps([name for name, file in files if 'site-packages' in str(file)]))"
    )
    shown = subprocess.run(
        [
            sys.executable,
            "-I",
            "-c",
            f"import sys; sys.path.insert(0, {str(README.parents[1])!r});{code}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in json.loads(shown.stdout)}


def test_every_public_name_is_loaded_from_the_module_that_type_checkers_see() -> None:
    assert sorted(fhir_client.__all__) == sorted(typed_imports())
    for name, module in typed_imports().items():
        assert getattr(fhir_client, name) is getattr(sys.modules[module], name)


def test_the_values_for_an_application_load_no_third_party_package() -> None:
    before = loaded_packages("json")
    for module in (
        "fhir_client",
        "fhir_client.model",
        "fhir_client.references",
        "fhir_client.spellings",
    ):
        assert loaded_packages(module) == before
    assert "requests" in loaded_packages("fhir_client.client")


def test_the_example_of_the_readme_is_ten_lines_of_public_names() -> None:
    example, imports, *_ = PYTHON_BLOCK.findall(README.read_text("utf-8"))
    assert len(example.splitlines()) == 10
    names = {node.id for node in ast.walk(ast.parse(example)) if isinstance(node, ast.Name)}
    [public] = re.findall(r"from fhir_client import \((.*?)\)", imports, re.DOTALL)
    imported = {name.strip() for name in public.split(",") if name.strip()}
    assert imported <= names & set(fhir_client.__all__)
