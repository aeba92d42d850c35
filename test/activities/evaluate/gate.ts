export interface Gate {
  opened: Promise<void>;
  open(): void;
}

/** Something to wait for until a test lets it happen. */
export function createGate(): Gate {
  const waiting: (() => void)[] = [];
  const opened = new Promise<void>((resolve) => void waiting.push(resolve));
  return { opened, open: () => waiting.forEach((resolve) => resolve()) };
}
