/** The image that every host of the platform has (`reprise up`), or what the operator maps it to: the platform's own containers run in it. */
export function ownImage({ imageMap }: { imageMap: Record<string, string> }): string {
  return imageMap[usualImage] ?? usualImage;
}

const usualImage = 'debian:bookworm-slim';
