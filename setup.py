"""Package the addon as a wheel that Odoo finds in site-packages, without any addons path."""

import ast
from pathlib import Path

from setuptools import find_packages, setup

NAME = "ar_marketing_collections"
HERE = Path(__file__).parent
MANIFEST = ast.literal_eval((HERE / NAME / "__manifest__.py").read_text(encoding="utf-8"))
README = HERE / "README.md"
MODULE = f"odoo.addons.{NAME}"

setup(
    name=NAME,
    version=MANIFEST["version"],
    description=MANIFEST["summary"],
    long_description=README.read_text(encoding="utf-8") if README.exists() else "",
    long_description_content_type="text/markdown",
    author=MANIFEST["author"],
    license=MANIFEST["license"],
    license_files=["LICENSE"],
    python_requires=">=3.10",
    # `odoo` and `odoo.addons` are namespaces that Odoo owns: the wheel has no __init__.py for them,
    # and does not require `odoo`, which is not on PyPI.
    package_dir={MODULE: NAME},
    packages=[MODULE, *(f"{MODULE}.{package}" for package in find_packages(NAME))],
    package_data={"": ["**/*"]},
    exclude_package_data={"": ["**/*.pyc"]},
    zip_safe=False,
    classifiers=[
        "Framework :: Odoo",
        "Framework :: Odoo :: 19.0",
        "Programming Language :: Python :: 3",
    ],
)
