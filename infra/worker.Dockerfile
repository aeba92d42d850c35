# The worker as an image: `docker build --file infra/worker.Dockerfile --tag reprise-worker .` in the repository's root.
FROM node:22-bookworm-slim AS build
WORKDIR /reprise
COPY package.json package-lock.json .npmrc ./
# The image brings Node 22; the package `node` would fetch it once more by its install script.
RUN npm ci --ignore-scripts --loglevel=error
COPY . .
RUN npx tsc -p tsconfig.build.json && npm prune --omit=dev --ignore-scripts --loglevel=error

FROM node:22-bookworm-slim
# git for submissions in repositories; certificates for what is fetched from outside.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates git \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /reprise
ENV NODE_ENV=production
COPY --from=build /reprise/package.json ./
COPY --from=build /reprise/node_modules ./node_modules
COPY --from=build /reprise/dist ./dist
COPY --from=build /reprise/examples ./examples
CMD ["node", "--enable-source-maps", "dist/worker/main.js"]
