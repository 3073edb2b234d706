"""How the lessons' page opens: a module without a page, run by node."""

import shutil

import pytest

from tests.unit.gateway.test_page_modules import run

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="runs the page's modules with node")

OPENED = """(async () => {
  const wanted = [];
  let made = 0;
  globalThis.fetch = async (url, { body }) => {
    const path = new URL(url).pathname;
    if (path === "/health") return Response.json({ auth: "keys" });
    if (path !== "/admin/keys") return Response.json({});
    wanted.push(JSON.parse(body).account);
    if (wanted.length === 2) return Response.json({ title: "Away." }, { status: 503 });
    return Response.json({ key: `key-${(made += 1)}`, secret: "secret" });
  };
  const room = new it.Classroom("http://localhost:1", "token");
  const failed = await room.open().then(() => null, ({ status }) => status);
  await room.open();
  return { failed, wanted };
})()"""


def test_a_key_is_made_once_however_often_the_page_tries_again() -> None:
    found = run("learn/classroom.js", f"await {OPENED}")
    assert found["failed"] == 503
    first, refused, *others = found["wanted"]
    assert others[0] == refused
    assert first not in others
    assert len({first, *others}) == len(others) + 1
