"""Package the addon, and the thin ones beside it, as a wheel that Odoo finds without any addons path."""

import ast
from pathlib import Path

from setuptools import find_packages, setup

NAME = "ar_marketing_collections"
HERE = Path(__file__).parent
MANIFEST = ast.literal_eval((HERE / NAME / "__manifest__.py").read_text(encoding="utf-8"))
README = HERE / "README.md"
# a thin addon installs itself where Odoo has what it depends on
ADDONS = sorted(path.parent.name for path in HERE.glob(f"{NAME}*/__manifest__.py"))

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
    package_dir={f"odoo.addons.{addon}": addon for addon in ADDONS},
    packages=[
        f"odoo.addons.{package}"
        for addon in ADDONS
        for package in (addon, *(f"{addon}.{one}" for one in find_packages(addon)))
    ],
    package_data={"": ["**/*"]},
    exclude_package_data={"": ["**/*.pyc"]},
    zip_safe=False,
    classifiers=[
        "Framework :: Odoo",
        "Framework :: Odoo :: 19.0",
        "Programming Language :: Python :: 3",
    ],
)
