/**
 * The colours of the report: blue and orange of Okabe and Ito (told apart by every kind of colour vision), a diverging scale
 * between them for correlations, whose blue half serves for ranks. Figures name them as `var(--…)`, so that one drawing fits both schemes.
 */
export const palette: Record<'light' | 'dark', Record<string, string>> = {
  light: {
    ink: '#1b1f24',
    muted: '#59636e',
    line: '#d5dbe1',
    surface: '#ffffff',
    panel: '#f5f7f9',
    blue: '#0072b2',
    orange: '#d55e00',
    'heat-n4': '#b85b00',
    'heat-n3': '#e08f43',
    'heat-n2': '#f3c08b',
    'heat-n1': '#fae3c9',
    'heat-0': '#f1f3f5',
    'heat-p1': '#d3e5f4',
    'heat-p2': '#9fc8e9',
    'heat-p3': '#5fa4d8',
    'heat-p4': '#1668a8',
    'heat-ink': '#1b1f24',
    'heat-strong-ink': '#ffffff',
  },
  dark: {
    ink: '#e6e9ed',
    muted: '#9aa5b1',
    line: '#353d47',
    surface: '#13171c',
    panel: '#1b2027',
    blue: '#56b4e9',
    orange: '#f0994a',
    'heat-n4': '#e08a35',
    'heat-n3': '#a8621d',
    'heat-n2': '#704317',
    'heat-n1': '#402d1a',
    'heat-0': '#242a32',
    'heat-p1': '#1c3448',
    'heat-p2': '#1e4d71',
    'heat-p3': '#2368a0',
    'heat-p4': '#4a9fe0',
    'heat-ink': '#e6e9ed',
    'heat-strong-ink': '#0f1317',
  },
};

/** The colour of a correlation from -1 to 1, in nine steps, and that of text on it. */
export function heatOf(value: number): { fill: string; ink: string } {
  const step = Math.round(Math.max(-1, Math.min(1, value)) * 4);
  const name = step === 0 ? 'heat-0' : `heat-${step < 0 ? 'n' : 'p'}${Math.abs(step)}`;
  return { fill: `var(--${name})`, ink: Math.abs(step) === 4 ? 'var(--heat-strong-ink)' : 'var(--heat-ink)' };
}

/** The custom properties of one scheme as CSS declarations. */
export function declarations(scheme: 'light' | 'dark'): string {
  return Object.entries(palette[scheme])
    .map(([name, value]) => `--${name}:${value}`)
    .join(';');
}

/** A drawing with the light scheme's colours put in, for programs that know no custom properties. */
export function withFixedColours(svg: string): string {
  return svg.replaceAll(/var\(--([a-z0-9-]+)\)/g, (whole, name: string) => palette.light[name] ?? whole);
}
