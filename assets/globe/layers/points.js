/** Fields of points: the land by day and night, the cities' lights by night, and the stars. */
import { discPixels, GlobeLayer, TO_CLIP } from "./base.js";

const VERTEX_HEAD = `
in vec4 point;  // a unit vector, and a number from 0 to 1
flat out vec4 ink;
${TO_CLIP}
`;

// smaller dots would light whichever pixel their centre is in, which shows as moiré, so they get dimmer instead
const LAND = `${VERTEX_HEAD}
#define SMALLEST 2.0
#define LARGEST 16.0
void main(void) {
  vec3 n = point.xyz;
  ink = vec4(0.0);
  gl_PointSize = 1.0;
  gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
  if (dot(n, globe.eye) < 1.0) return;
  vec3 ray = globe.eye - n;
  float far = length(ray), facing = dot(n, ray) / far, sunlight = dot(n, globe.sun);
  float day = smoothstep(look.dayEdges.x, look.dayEdges.y, sunlight);
  float dusk = max(0.0, 1.0 - abs(sunlight - look.duskAt.x) * look.duskAt.y);
  vec3 colour = mix(look.night, look.day, day) + look.dusk * dusk * dusk;
  gl_Position = toClip(n);
  float size = min(look.size * globe.pixels / far, LARGEST * globe.density) * mix(0.5, 1.0, facing) * mix(0.92, 1.08, point.w);
  gl_PointSize = max(SMALLEST, size);
  float weaker = min(1.0, size / SMALLEST);
  ink = vec4(colour * mix(0.82, 1.1, point.w), smoothstep(0.0, 0.42, facing) * weaker);
}`;

const LIGHTS = `${VERTEX_HEAD}
#define LARGEST 30.0
void main(void) {
  vec3 n = point.xyz;
  ink = vec4(0.0);
  gl_PointSize = 1.0;
  gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
  float night = smoothstep(look.nightEdges.x, look.nightEdges.y, dot(n, globe.sun));
  if (night <= 0.0 || dot(n, globe.eye) < 1.0) return;
  vec3 ray = globe.eye - n;
  float far = length(ray), facing = dot(n, ray) / far;
  gl_Position = toClip(n);
  float size = min(look.size * globe.pixels / far, LARGEST * globe.density) * mix(0.45, 1.35, point.w) * mix(0.6, 1.0, facing);
  gl_PointSize = max(2.0 * globe.density, size);
  ink = vec4(mix(look.small, look.large, point.w), night * mix(0.42, 1.0, point.w) * smoothstep(0.0, 0.35, facing));
}`;

// point: position on screen, warmth, brightness; those over the globe are dropped
const STARS = `${VERTEX_HEAD}
void main(void) {
  vec4 middle = toClip(vec3(0.0));
  float far = length(globe.eye), disc = globe.pixels / sqrt(far * far - 1.0);
  float away = length((point.xy - middle.xy / middle.w) * project.viewportSize * 0.5);
  float bright = pow(point.w, 5.0);
  gl_Position = away < disc ? vec4(2.0, 2.0, 2.0, 1.0) : vec4(point.xy, 0.0, 1.0);
  gl_PointSize = (1.2 + 2.0 * bright) * globe.density;
  ink = vec4(mix(look.cool, look.warm, step(0.8, point.z)), look.bright * (0.08 + 0.7 * bright));
}`;

/** @param {string} fall  a point's opacity by r, the squared distance from its centre */
const fragment = (fall) => `
flat in vec4 ink;
out vec4 fragColor;
void main(void) {
  vec2 at = gl_PointCoord * 2.0 - 1.0;
  float r = dot(at, at), a = ink.a * (${fall});
  fragColor = vec4(ink.rgb, 1.0) * a;
}`;

class PointsLayer extends GlobeLayer {
  static layerName = "PointsLayer";
  /** @type {Record<string, unknown>} */
  static defaultProps = { points: { type: "object", value: null, compare: false } };

  /** @param {string} vs @param {string} fs */
  initialize(vs, fs) {
    super.initializeState();
    this.makeModel("points", vs, fs, {
      topology: "point-list",
      vertexCount: 0,
      bufferLayout: [{ name: "point", format: "float32x4" }],
    });
  }

  /** @param {any} model */
  prepare(model) {
    this.show(model, this.props.points);
  }

  /** @param {any} model @param {Float32Array} points */
  show(model, points) {
    if (points === this.state.shown) return;
    model.setAttributes({ point: this.once(points, (device) => device.createBuffer({ data: points })) });
    model.setVertexCount(points.length / 4);
    this.state.shown = points;
  }
}

const FEW_BELOW = 330; // pixels of the disc's radius, below which the many dots would be closer than four pixels

export class LandLayer extends PointsLayer {
  static layerName = "LandLayer";
  /** @type {Record<string, unknown>} */
  static defaultProps = { few: { type: "object", value: null, compare: false } };
  static look = { night: "vec3", size: "float", day: "vec3", dusk: "vec3", dayEdges: "vec2", duskAt: "vec2" };

  initializeState() {
    this.initialize(LAND, fragment("clamp(1.82 - 1.82 * r, 0.0, 1.0)"));
  }

  #chosen() {
    const { points, few, view } = this.props;
    return discPixels(view) < FEW_BELOW ? few : points;
  }

  /** Fewer dots are farther apart, and larger. */
  lookNow() {
    const look = super.lookNow();
    return { ...look, size: this.props.size * Math.sqrt(this.props.points.length / this.#chosen().length) };
  }

  /** @param {any} model */
  prepare(model) {
    this.show(model, this.#chosen());
  }
}

const LIGHTS_PER_PIXEL = 0.02; // on the whole globe, times the square of the disc's radius

export class LightsLayer extends PointsLayer {
  static layerName = "LightsLayer";
  static look = { small: "vec3", size: "float", large: "vec3", nightEdges: "vec2" };

  initializeState() {
    this.initialize(LIGHTS, fragment("pow(max(0.0, 1.0 - r), 2.5)"));
  }

  /** Only the largest cities on a small globe. @param {any} model */
  prepare(model) {
    super.prepare(model);
    const room = LIGHTS_PER_PIXEL * discPixels(this.props.view) ** 2;
    model.setVertexCount(Math.min(Math.round(room), this.props.points.length / 4));
  }
}

const STARS_PER_MEGAPIXEL = 320;

export class StarsLayer extends PointsLayer {
  static layerName = "StarsLayer";
  static look = { cool: "vec3", bright: "float", warm: "vec3" };

  initializeState() {
    this.initialize(STARS, fragment("1.0 - smoothstep(0.2, 1.0, r)"));
  }

  /** @param {any} model */
  prepare(model) {
    super.prepare(model);
    const { width, height } = this.context.viewport;
    const wanted = this.props.bright > 0 ? (width * height * STARS_PER_MEGAPIXEL) / 1e6 : 0;
    model.setVertexCount(Math.min(Math.round(wanted), this.props.points.length / 4));
  }
}
