import { expect, it } from 'vitest';
import { causeOf, type BuildEnd } from '../../../activities/build/classify.ts';

function end(changes: Partial<BuildEnd>): BuildEnd {
  return { error: "The command '/bin/sh -c x' returned a non-zero code: 1", exitCode: 1, keyword: 'RUN', lines: [], ...changes };
}

const missing = 'ERROR: No matching distribution found for nosuchpkg==9 (from versions: none)';

it.each<[string, Partial<BuildEnd>, string, string]>([
  ['a file that is not in the context', { error: 'COPY failed: file not found in build context or excluded by .dockerignore: stat data.csv: file does not exist', exitCode: undefined, keyword: 'COPY' }, 'BUILD_COPY_MISSING', 'data.csv is not in'],
  ['one that was to have a mode', { error: 'COPY failed: file not found in build context or excluded by .dockerignore: stat .reprise/modes/1/run.sh: file does not exist', exitCode: undefined, keyword: 'COPY' }, 'BUILD_COPY_MISSING', 'run.sh is not in'],
  ['a pattern that matches nothing', { error: 'COPY failed: no source files were specified', exitCode: undefined, keyword: 'COPY' }, 'BUILD_COPY_MISSING', 'no file'],
  ['a path out of the context', { error: 'ADD failed: forbidden path outside the build context: ../data ()', exitCode: undefined, keyword: 'ADD' }, 'BUILD_COPY_MISSING', '../data'],
  ['a package that pip does not find', { lines: ['Collecting nosuchpkg==9', missing] }, 'BUILD_PACKAGE_MISSING', 'nosuchpkg==9'],
  ['a package that apt does not find', { exitCode: 100, lines: ['E: Unable to locate package libnosuch'] }, 'BUILD_PACKAGE_MISSING', 'libnosuch'],
  ['a version that apt does not find', { exitCode: 100, lines: ["E: Version '1.2' for 'curl' was not found"] }, 'BUILD_PACKAGE_MISSING', '1.2 of curl'],
  ['pip behind a network that re-signs TLS', { lines: ["WARNING: Retrying (Retry(total=0)) after connection broken by 'SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'", missing] }, 'BUILD_NETWORK', 'TLS is not trusted'],
  ['pip without names', { lines: ["WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError: [Errno -3] Temporary failure in name resolution'", missing] }, 'BUILD_NETWORK', 'name resolution'],
  ['apt without names', { exitCode: 100, lines: ["Err:1 http://packages.example bookworm InRelease", "  Temporary failure resolving 'packages.example'", 'E: Unable to locate package curl'] }, 'BUILD_NETWORK', 'resolving'],
  ['a connection that broke', { exitCode: 128, lines: ['fatal: unable to access: Recv failure: Connection reset by peer'] }, 'BUILD_NETWORK', 'Connection reset'],
  ['a compiler that was killed', { lines: ['g++: fatal error: Killed signal terminated program cc1plus'] }, 'BUILD_OUT_OF_MEMORY', 'cc1plus'],
  ['a command that was killed', { exitCode: 137 }, 'BUILD_OUT_OF_MEMORY', 'killed'],
  ['a full disk', { error: 'write /var/lib/x: no space left on device', exitCode: undefined }, 'DISK_FULL', 'disk'],
  ['a full disk that a command meets', { lines: ['OSError: [Errno 28] No space left on device'] }, 'DISK_FULL', 'disk'],
  ['a base that does not exist', { error: 'manifest for python:9 not found: manifest unknown', exitCode: undefined, keyword: 'FROM' }, 'BASE_IMAGE_UNAVAILABLE', 'python:9'],
  ['a base that may not be pulled', { error: "pull access denied for team/private, repository does not exist or may require 'docker login'", exitCode: undefined, keyword: 'FROM' }, 'BASE_IMAGE_UNAVAILABLE', 'team/private'],
  ['a registry that does not answer', { error: 'Get "https://registry.example/v2/": dial tcp: lookup registry.example: no such host', exitCode: undefined, keyword: 'FROM' }, 'REGISTRY_UNREACHABLE', 'no such host'],
  ['an unknown instruction', { error: 'dockerfile parse error line 2: unknown instruction: RUNN', exitCode: undefined, keyword: undefined }, 'DOCKERFILE_INVALID', 'RUNN'],
  ['an engine that cannot run a step', { error: 'failed to create endpoint x on network bridge: could not find bridge docker0', exitCode: undefined }, 'PLATFORM_ERROR', 'docker0'],
  ['a step without its shell', { error: 'OCI runtime create failed: exec: "/bin/sh": stat /bin/sh: no such file or directory: unknown', exitCode: undefined }, 'BUILD_STEP_FAILED', '/bin/sh'],
  ['any other command', { exitCode: 3, lines: ['compiling', 'missing header', ''] }, 'BUILD_STEP_FAILED', 'exit code 3, last output: missing header'],
  ['a warning that the step got over', { exitCode: 3, lines: ['Connection reset by peer', ...Array.from({ length: 60 }, (_, index) => `step ${index}`)] }, 'BUILD_STEP_FAILED', 'exit code 3'],
  ['a server that refuses a command’s request', { exitCode: 6, lines: ['curl: (22) The requested URL returned error: 404'] }, 'BUILD_STEP_FAILED', '404'],
])('finds the cause: %s', (_, changes, code, reason) => {
  const cause = causeOf(end(changes));
  expect(cause).toEqual({ code, reason: expect.stringContaining(reason) });
});
