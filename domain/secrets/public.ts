/**
 * SHA-256 of values that have the form of a secret and are printed in a published package or its documentation for everybody,
 * so that they open nothing. By the value, not by the file: the same package with another value in it is found.
 */
export const publicValues: ReadonlySet<string> = new Set([
  // Token of the test account of the hub's staging server (transformers, src/transformers/testing_utils.py).
  '5de261506c0ff857b7c1af7059f842fb0a36d1ca2e4895da542c5eb726f2c802',
  // Examples in the documentation of @secretlint/secretlint-rule-shopify.
  '465ad9db7ec327cead73d0776993e1d29e2b5cb5fe7686d26b288c00fdffa092',
  '96494af0ff15d729c97b5a558ad218ceded3c7285a4ed63670adf6693c1354f4',
  '5aca5b5c3515155c00aeda60aabfc5066d7d79f278a73f7d21328f1b2b556496',
  '1548bbe8e262d795bceac88cfba1e16f7579f72becd581506b2908441c790dcc',
]);
