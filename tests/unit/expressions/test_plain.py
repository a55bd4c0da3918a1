"""Which expressions are certain not to change the user; any doubt has to say no."""

import pytest

from crosswalk.expressions.plain import is_plain


@pytest.mark.parametrize(
    "text",
    [
        "user.email",
        "user.user_metadata?.address?.city",
        "user.app_metadata?.plan ?? 'free'",
        "user.email_verified === true && user.email.endsWith('@example.com')",
        "`${user.given_name} ${user.family_name}`",
        "user.identities?.[0]?.provider",
        "user.user_metadata['shoe size']",
        "user.created_at.slice(0, 10)",
        "String(user.logins_count)",
        "!user.blocked",
        "user.locale === 'de' ? 'German' : 'English'",
        "[user.a, user.b].join(' ').trim()",
        "user.a >= 1 || user.b <= 2 || user.c != 3",
        "(user.a ?? user.b).toLowerCase()",
    ],
)
def test_reading_is_plain(text: str) -> None:
    assert is_plain(text)


@pytest.mark.parametrize(
    "text",
    [
        "user.a = 1",
        "user.a += 1",
        "user.a >>= 1",
        "user.a >>>= 1",
        "user.a <<= 1",
        "user.a **= 2",
        "user.a &&= 1",
        "user.a ||= 1",
        "user.a ??= 1",
        "user.a++",
        "--user.a",
        "delete user.a",
        "[user.a] = [1]",
        "({ a: user.a } = { a: 1 })",
        "user.roles.sort()",
        "user.roles.push('x')",
        "user.roles?.reverse()",
        "user.roles['sort']()",
        "user.roles['so' + 'rt']()",
        "(user.roles.sort)()",
        "user.roles.sort?.()",
        "user.roles.sort.call(user.roles)",
        "user.roles.s\\u006frt()",
        "user.roles.map((role) => role)",
        "user.roles.forEach(user.roles.push)",
        "Object.assign(user, { a: 1 })",
        "user.constructor.assign(user, user.nested)",
        "user.roles.push`x`",
        "(user.roles.push)`x`",
        "`${user.roles.push('x')}`",
        "`${user.a = 1}`",
        "/'/.test(user.roles.push('x')) || /'/",
        "user.a // ' \n = 1 // '",
        "'a\\' + (user.a = 1) + '",
        "user.a /* ' */ = 1 /* ' */",
        "new Date(user.created_at)",
        "globalThis.x",
        "'open",
        "user.a # b",
    ],
)
def test_anything_that_may_change_something_is_not_plain(text: str) -> None:
    assert not is_plain(text)
