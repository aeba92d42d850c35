/** A value shorter than this stands everywhere by chance; masking it would blank a log. */
const shortestValue = 6;

/**
 * The forms in which a value turns up in logs and files, as Latin-1 byte strings: as it is, line by line where it has several,
 * escaped for JSON, for addresses and for `printf`, in hexadecimal, and in base64 wherever in the encoded text it begins.
 */
export function encodingsOf(value: string): string[] {
  const bytes = Buffer.from(value, 'utf8');
  const lines = value.split(/\r?\n/).filter((line) => line.length >= 2 * shortestValue);
  const forms = [
    ...[value, ...lines, JSON.stringify(value).slice(1, -1), encodeURIComponent(value), lowerEscapes(encodeURIComponent(value)), formEncoded(value), printfEscaped(value)].map(
      (text) => Buffer.from(text, 'utf8').toString('latin1'),
    ),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    ...[0, 1, 2].flatMap((offset) => base64At(bytes, offset)),
  ];
  return [...new Set(forms)].filter((form) => form.length >= shortestValue);
}

/** Base64 takes three bytes to four characters, so the same bytes look different at each of three offsets; edges depend on the neighbours. */
function base64At(bytes: Buffer, offset: number): string[] {
  const padded = Buffer.concat([Buffer.alloc(offset), bytes]);
  const own = padded.toString('base64').slice(Math.ceil((offset * 8) / 6), Math.floor((padded.length * 8) / 6));
  return [own, own.replaceAll('+', '-').replaceAll('/', '_')];
}

/** As `printf` of every POSIX shell writes the value back: all but plain characters as octal escapes of their bytes. */
export function printfEscaped(value: string): string {
  const escaped = (byte: number): string => `\\${byte.toString(8).padStart(3, '0')}`;
  return [...Buffer.from(value, 'utf8')].map((byte) => (/[\w.]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : escaped(byte))).join('');
}

function lowerEscapes(text: string): string {
  return text.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
}

function formEncoded(value: string): string {
  return new URLSearchParams([['', value]]).toString().slice(1);
}
