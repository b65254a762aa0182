"""The addon is there, as the manifest says."""

from odoo.modules.module import Manifest
from odoo.tests import TransactionCase, tagged

ADDON = "ar_marketing_collections"


@tagged("post_install", "-at_install")
class TestInstall(TransactionCase):
    def test_the_installed_version_is_the_manifests(self):
        module = self.env["ir.module.module"].search([("name", "=", ADDON)])
        self.assertEqual(module.state, "installed")
        self.assertEqual(module.latest_version, Manifest.for_addon(ADDON).version)
