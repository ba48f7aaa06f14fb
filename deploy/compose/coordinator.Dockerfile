# The coordinator's image. Context: the repository's root (see coordinator.Dockerfile.dockerignore).
FROM node:20.20.2-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
COPY shared/package.json shared/
COPY daemon/package.json daemon/
COPY coordinator/package.json coordinator/
COPY node-agent/package.json node-agent/
COPY cli/package.json cli/
COPY test/package.json test/
RUN npm ci --ignore-scripts --workspace shared --workspace daemon --workspace coordinator --include-workspace-root
COPY tsconfig.base.json ./
COPY shared shared
COPY daemon daemon
COPY coordinator coordinator
RUN npx tsc -b coordinator \
 && npm ci --ignore-scripts --omit=dev --workspace shared --workspace daemon --workspace coordinator

FROM node:20.20.2-bookworm-slim
ENV NODE_ENV=production
WORKDIR /opt/redline
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/shared shared
COPY --from=build /build/daemon daemon
COPY --from=build /build/coordinator coordinator
# The volume takes its owner from this folder when it is new.
RUN install -d -o node -g node -m 0700 /var/lib/redline
USER node
VOLUME /var/lib/redline
EXPOSE 8770
CMD ["node", "coordinator/dist/main.js"]
