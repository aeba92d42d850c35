/** What Git LFS keeps in place of a file: its content lies on a server. */
export function isLargeFilePointer(bytes: Buffer): boolean {
  return bytes.length < 200 && bytes.toString('latin1', 0, 40).startsWith('version https://git-lfs');
}

export function pointersLeftOut(count: number, where: string): string[] {
  return count === 0 ? [] : [`${count} pointers of Git LFS, whose contents are not in the ${where} and were not read`];
}
