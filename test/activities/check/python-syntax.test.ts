import { expect, test } from 'vitest';
import { pythonProblem } from '../../../activities/check/python-syntax.ts';

test.each([
  ['an empty file', ''],
  ['Python 3.12', 'type A[T] = list[T]\nmatch x:\n    case {"a": [1, *_]} if (y := 2): pass\nprint(f"{"nested"}")\n'],
  [
    'async, decorators and lambdas',
    '@a.b(1)\nasync def f(x, /, y: int = 1, *, z) -> None:\n    async with g() as h, i: await j\n    return lambda *a, **k: (yield)\n',
  ],
  ['comments at any column', 'def f():\n    a = 1\n# left\n        # right\n    return a\n'],
  ['continued lines', 'x = [\n  1,\n      2,\n]\ny = 1 + \\\n        2\nif x: y = 1; z = 2\n'],
  ['Windows line ends', 'if a:\r\n    b()\r\n    c()\r\n'],
  ['tabs', 'if a:\n\tb()\n\tc()\n'],
])('%s is Python', async (_what, code) => {
  expect(await pythonProblem(code)).toBeUndefined();
});

test.each([
  ['an open bracket', 'a = 1\nprint((1)\n', false],
  ['a missing colon', 'def f()\n    pass\n', false],
  ['a deeper line', 'a = 1\n    b = 2\n', false],
  ['an unindented line', 'if a:\n        b()\n    c()\n', false],
  ['a merge conflict', 'a = 1\n<<<<<<< HEAD\nb = 2\n=======\n', false],
  ['Python 2', 'import a\nprint "x"\n', true],
])('%s is a problem', async (_what, code, python2) => {
  expect(await pythonProblem(code)).toMatchObject({ python2 });
});
