/** Where lines stand, each as one number: of a large suite there are hundreds of thousands in memory. */
export interface LinePlaces {
  /** The lines of one file come one after the other. */
  add(file: string, line: number): number;
  /** "open/sums.jsonl line 3" */
  text(place: number): string;
}

const linesMost = 2 ** 32;

export function createLinePlaces(): LinePlaces {
  const files: string[] = [];
  return {
    add(file, line) {
      if (files.at(-1) !== file) files.push(file);
      return (files.length - 1) * linesMost + line;
    },
    text: (place) => `${files[Math.floor(place / linesMost)]} line ${place % linesMost}`,
  };
}
