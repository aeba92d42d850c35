import { canonicalBytes, canonicalJson, type Publication, type PublicationStatement, type Tree } from '../../domain/index.ts';
import { hashOf } from '../attest/bytes.ts';

/** Names of what a publication consists of. */
export const publishedNames = { tree: 'tree', history: 'history.git', report: 'publication.json', files: 'files.json', envelope: 'publication.dsse.json', key: 'signing.pub.pem' } as const;

/** Name of the subject that stands for what branches, tags and notes point at. */
const refsSubject = `${publishedNames.history}/refs`;

/** An in-toto statement about what was published. `files` lists every byte beside itself and its envelope; the acceptances stand in the predicate. */
export function publicationStatement(publication: Publication, files: Tree): PublicationStatement {
  const { tree, history } = publication;
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [
      { name: publishedNames.files, digest: { sha256: hashOf(canonicalBytes(files)) } },
      ...(tree ? [{ name: publishedNames.tree, digest: { sha256: tree.sha256 } }] : []),
      ...(history ? [{ name: refsSubject, digest: { sha256: hashOf(Buffer.from(canonicalJson(history.refs))) } }] : []),
    ],
    predicateType: 'urn:reprise:publication:v1',
    predicate: publication,
  };
}
