/** Where the build stage puts the operator's CA bundle in the context, and where it lies in the image. */
export const caBundle = {
  contextPath: '.reprise/ca.pem',
  wgetPath: '.reprise/wgetrc',
  aptPath: '.reprise/apt.conf',
  imageDirectory: '/usr/local/share/reprise/',
  imagePath: '/usr/local/share/reprise/ca.pem',
} as const;
