/**
 * Arcs, pulses, sparks and flares. They are rows of a texture (instances.js). A new one writes its own row only, and a frame
 * changes a single number, the time. An arc grows from one city to the other, holds, and drains toward its end.
 */
import { BEHIND } from "../geo.js";
import { DASHED_HOLDS, ROW, STANDS_S } from "../instances.js";
import { discPixels, GlobeLayer, HIDDEN, TO_CLIP } from "./base.js";

const SPRITES = 5;
const SEGMENTS = [16, 24, 32, 48]; // of an arc half around the globe; shorter ones have fewer
const SEGMENTS_MAX = 64;
const DASH = 0.05; // radians of a dash and its gap
const DASHES_MIN = 9; // of a short arc
const ERROR_PX = 0.7; // of straight segments from the curve; with a larger error an arc gets more segments

const INSTANCE = `
uniform highp sampler2D instances;
${HIDDEN}${TO_CLIP}
struct Instance { vec3 from; float angle; vec3 tangent; float height; vec3 first; float birth; vec3 second; float kind; };
Instance readInstance(int i) {
  vec4 a = texelFetch(instances, ivec2(0, i), 0), b = texelFetch(instances, ivec2(1, i), 0);
  vec4 c = texelFetch(instances, ivec2(2, i), 0), d = texelFetch(instances, ivec2(3, i), 0);
  return Instance(a.xyz, a.w, b.xyz, b.w, c.xyz, c.w, d.xyz, d.w);
}
float own(Instance s) { return step(s.kind, -0.5); }  // of the visitor's city: wider, and brighter
bool isSpot(Instance s) { return s.kind < -1.5 && s.kind > -2.5; }
float lit(Instance s) { return isSpot(s) ? 1.0 : mix(globe.dim, 1.0, s.kind > 2.5 ? 0.35 : 0.0); }  // a crowd shines through
float dashed(Instance s) { return step(s.kind, -2.5); }  // of the visitor's near miss: in dashes, and longer
float held(Instance s) { return look.holdS * mix(1.0, ${DASHED_HOLDS}.0, dashed(s)); }
float flight(Instance s) { return mix(look.flightS.x, look.flightS.y, s.angle / PI); }
float ageOf(Instance s) {
  float age = globe.now - s.birth;
  return isSpot(s) ? min(age, flight(s) + float(${STANDS_S})) : age;
}
float grown(Instance s, float age) {
  if (globe.calm > 0.5) return 1.0;
  float t = clamp(age / flight(s), 0.0, 1.0);
  return t * t * (3.0 - 2.0 * t);
}
vec3 ground(Instance s, float u) { return s.from * cos(u * s.angle) + s.tangent * sin(u * s.angle); }
vec3 raised(Instance s, float u) { return ground(s, u) * (1.0 + s.height * sin(PI * u)); }
`;

const RIBBON = `
out vec2 under;
out vec4 ink;
out vec2 side;  // across the ribbon, from -1 to 1, and along it in dashes; 0 where it has none
${INSTANCE}
void main(void) {
  int columns = 2 * (int(look.segments) + 1), row = gl_VertexID / columns, k = gl_VertexID - row * columns;
  gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
  under = vec2(0.0);
  ink = vec4(0.0);
  side = vec2(float(k & 1) * 2.0 - 1.0, 0.0);
  Instance s = readInstance(row);
  float age = ageOf(s), lands = flight(s), fades = lands + held(s), ends = fades + look.fadeS;
  if (s.kind > 0.5 || age < 0.0 || age > ends) return;

  float head = grown(s, age), drained = smoothstep(fades - 0.3, ends, age);
  float tail = globe.calm > 0.5 ? 0.0 : drained * 0.96;
  float enough = min(look.segments, 4.0 + ceil(look.segments * s.angle / PI));  // what is over has no width
  float along = min(1.0, float(k >> 1) / enough), u = mix(min(tail, head), head, along);
  side.y = dashed(s) * u * max(s.angle / ${DASH}, ${DASHES_MIN}.0);
  vec3 n = ground(s, u), onward = (s.tangent * cos(u * s.angle) - s.from * sin(u * s.angle)) * s.angle;
  float r = 1.0 + s.height * sin(PI * u);
  vec3 place = n * r;
  under = buried(place);
  if (isUnder(under)) { gl_Position = toClip(place); return; }

  vec4 clip = toClip(place);
  vec4 step = project.viewProjectionMatrix * vec4((onward * r + n * s.height * PI * cos(PI * u)) * GLOBE_RADIUS, 0.0);
  step.xy += globe.shift * step.w;
  vec2 direction = (step.xy * clip.w - clip.xy * step.w) * project.viewportSize * 0.5 / (clip.w * clip.w);
  float speed = max(length(direction), 1e-6);  // device pixels per u: small where the arc comes toward the eye
  float pixel = globe.unit * globe.density, behind = (head - u) * speed / (globe.unit * 60.0 * globe.density);
  float flying = 1.0 - smoothstep(lands, lands + 0.9, age);
  float glow = exp(-max(behind, (head - u) * 7.0)) * flying * (1.0 - globe.calm);
  float seen = smoothstep(-0.55, 0.10, dot(n, normalize(globe.eye - place)));  // beyond the rim it is farther: dimmer
  float swell = 1.0 + glow * 0.9 * clamp(speed / (pixel * 260.0), 0.0, 1.0);
  float width = look.width * pixel * swell * mix(0.6, 1.0, seen) * mix(1.0, 1.8, own(s));
  direction /= speed;
  gl_Position = clip + vec4(vec2(-direction.y, direction.x) * side.x * width / project.viewportSize * clip.w, 0.0, 0.0);

  float landed = max(globe.calm, smoothstep(lands - 0.2, lands + 0.6, age));
  float body = mix(mix(0.10, 1.0, along * along), 0.80, landed);
  body *= mix(1.0, 0.62, smoothstep(lands + 0.4, fades, age)) * (1.0 - drained * (1.0 - along * 0.6));
  float appear = mix(1.0, smoothstep(0.0, 0.7, age), globe.calm);
  ink = vec4(mix(mix(s.first, s.second, u), look.heat, glow * 0.75), max(body, glow) * mix(0.28, 1.0, seen) * appear);
  ink.a *= (1.0 - smoothstep(ends - look.fadeS * 0.6, ends, age)) * mix(1.0, 1.7, own(s)) * lit(s);
}`;

const RIBBON_INK = `
in vec2 under;
in vec4 ink;
in vec2 side;
out vec4 fragColor;
${HIDDEN}
void main(void) {
  if (isUnder(under)) discard;
  float e = abs(side.x), core = clamp(1.8 - 5.0 * e, 0.0, 1.0), halo = (1.0 - e) * (1.0 - e) * 0.42;
  float a = min(1.0, ink.a * max(core, halo)) * smoothstep(0.3, 0.5, abs(fract(side.y) * 2.0 - 1.0));
  fragColor = vec4(mix(ink.rgb, look.heat, core * 0.30) * a, a * look.cover);
}`;

// per instance: the flying head, a ripple at both ends, a dot at both ends; a flare: one ripple, and a dot by its strength
const SPRITE = `
flat out vec4 ink;
flat out float shape;
flat out vec3 lie;  // the direction from the globe's centre on screen, and the cosine of the view angle to the ground
${INSTANCE}
void main(void) {
  int row = gl_VertexID / ${SPRITES}, k = gl_VertexID - row * ${SPRITES};
  gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = 1.0;
  ink = vec4(0.0);
  shape = 0.0;
  lie = vec3(1.0, 0.0, 1.0);
  Instance s = readInstance(row);
  bool arc = s.kind < 0.5, pulse = s.kind > 0.5 && s.kind < 1.5, flare = s.kind > 2.5;
  float age = ageOf(s), lands = flight(s);
  float ends = arc ? lands + held(s) + look.fadeS : (pulse || flare ? look.pulseS : look.sparkS);
  if (age < 0.0 || age > ends) return;
  if (!arc && (k == 0 || k == 4 || (k == 1 && !(pulse || flare)) || (k == 2 && !pulse))) return;

  bool atEnd = k == 2 || k == 4, ripple = k == 1 || k == 2;
  float u = k == 0 ? grown(s, age) : (arc && atEnd ? 1.0 : 0.0);
  vec3 n = ground(s, u), p = raised(s, u);
  if (isHidden(p * 1.002)) {
    float far = length(globe.eye), along = dot(n, globe.eye) / far;
    if (!isSpot(s) || k < 3 || along < 1.0 / far - float(${BEHIND})) return;
    p = globe.eye / (far * far) + normalize(n - globe.eye * along / far) * sqrt(1.0 - 1.0 / (far * far));  // on the rim
  }
  float since = arc ? (atEnd ? age - lands : age) : (k == 2 ? age - 0.55 : age);
  if (since < 0.0) return;

  float over = clamp(since / (pulse ? 1.9 : 1.7), 0.0, 1.0), pixel = globe.unit * globe.density;
  float opacity, size;
  if (k == 0) {
    size = 22.0;
    opacity = (1.0 - smoothstep(lands - 0.1, lands + 0.35, age)) * smoothstep(0.0, 0.25, age) * (1.0 - globe.calm);
  } else if (ripple) {
    size = mix(6.0, flare ? mix(60.0, 100.0, s.height) : (pulse ? 74.0 : 52.0), 1.0 - pow(1.0 - over, 2.6));
    opacity = (1.0 - over) * (1.0 - over) * (1.0 - globe.calm) * (arc && !atEnd ? 0.7 : 1.0);
    shape = 1.0;
  } else if (flare) {
    float swell = mix(1.0 - 0.5 * exp(-age * 7.0), 1.0, globe.calm);
    size = mix(34.0, 100.0, s.height) * swell;
    shape = 2.0;
    opacity = smoothstep(0.0, mix(0.2, 1.2, globe.calm), age) * (1.0 - smoothstep(0.8, ends, age)) * mix(0.6, 1.0, s.height);
  } else if (arc || pulse) {
    size = 13.0;
    opacity = smoothstep(0.0, 0.15, since) * (1.0 - smoothstep(ends - 1.2, ends, age));
  } else {
    size = 8.0;
    opacity = (0.42 + 0.16 * sin(age * 3.6)) * smoothstep(0.0, 0.6, age) * (1.0 - smoothstep(ends - 1.4, ends, age));
  }
  opacity *= lit(s);
  if (opacity <= 0.004) return;
  vec3 ray = globe.eye - p;
  float far = length(ray);
  vec4 clip = toClip(p), middle = toClip(vec3(0.0));
  vec2 outward = (clip.xy / clip.w - middle.xy / middle.w) * project.viewportSize;
  lie = vec3(outward / max(length(outward), 1e-4), max(0.12, dot(n, ray) / far));
  gl_Position = clip;
  gl_PointSize = size * pixel * (ripple ? 1.0 : mix(1.0, 1.45, own(s)));
  ink = vec4(atEnd && arc ? s.second : mix(s.first, s.second, k == 0 ? u : 0.0), opacity);
}`;

const SPRITE_INK = `
flat in vec4 ink;
flat in float shape;
flat in vec3 lie;
out vec4 fragColor;
void main(void) {
  vec2 at = (gl_PointCoord * 2.0 - 1.0) * vec2(1.0, -1.0);
  vec3 colour = ink.rgb;
  float a;
  if (shape > 1.5) {
    float r = length(at), core = 1.0 - smoothstep(0.05, 0.16, r);
    a = max(core, pow(max(0.0, 1.0 - r), 1.9) * 0.9);
    colour = mix(colour, look.heat, core * 0.85);
  } else if (shape > 0.5) {
    vec2 lying = vec2(dot(at, lie.xy) / lie.z, dot(at, vec2(-lie.y, lie.x)));  // lies on the ground
    float r = length(lying);
    a = smoothstep(0.66, 0.88, r) * (1.0 - smoothstep(0.90, 1.0, r)) + 0.13 * (1.0 - smoothstep(0.0, 0.95, r));
  } else {
    float r = length(at), core = 1.0 - smoothstep(0.16, 0.30, r);
    a = max(core, pow(max(0.0, 1.0 - r), 2.6) * 0.8);
    colour = mix(colour, look.heat, core * 0.85);
  }
  a *= ink.a;
  fragColor = vec4(colour * a, a * look.cover);
}`;

export class LiveArcsLayer extends GlobeLayer {
  static layerName = "LiveArcsLayer";
  /** @type {Record<string, unknown>} */
  static defaultProps = { instances: { type: "object", value: null, compare: false } };
  static look = {
    flightS: "vec2",
    holdS: "float",
    fadeS: "float",
    pulseS: "float",
    sparkS: "float",
    width: "float",
    segments: "float",
    heat: "vec3",
    cover: "float",
  };

  initializeState() {
    super.initializeState();
    const texture = this.#texture();
    const shared = { bindings: { instances: texture }, vertexCount: 0 };
    const ribbons = this.makeModel("ribbons", RIBBON, RIBBON_INK, { ...shared, topology: "triangle-list" });
    this.makeModel("sprites", SPRITE, SPRITE_INK, { ...shared, topology: "point-list" });
    this.setState({ ribbons, segments: 0 });
  }

  #texture() {
    const { capacity } = this.props;
    return this.once("instances", (device) =>
      device.createTexture({
        width: ROW / 4,
        height: capacity,
        format: "rgba32float",
        mipLevels: 1,
        data: new Float32Array(capacity * ROW).fill(-1e9),
        sampler: { minFilter: "nearest", magFilter: "nearest", mipmapFilter: "none" },
      }),
    );
  }

  lookNow() {
    return { ...super.lookNow(), segments: segmentsFor(discPixels(this.props.view)) };
  }

  draw() {
    const { instances } = this.props;
    if (!instances || instances.used() === 0) return;
    for (const row of instances.changed) {
      const numbers = instances.rows.subarray(row * ROW, (row + 1) * ROW);
      const where = { x: 0, y: row, width: ROW / 4, height: 1, bytesPerRow: ROW * 4, rowsPerImage: 1 };
      this.#texture().writeData(numbers, where);
    }
    instances.changed.clear();
    super.draw();
  }

  /** @param {any} model */
  prepare(model) {
    const { ribbons, segments } = this.state;
    const used = this.props.instances.used();
    if (model !== ribbons) return model.setVertexCount(used * SPRITES);
    const wanted = segmentsFor(discPixels(this.props.view));
    if (wanted !== segments) model.setIndexBuffer(this.#indices(wanted));
    this.state.segments = wanted;
    model.setVertexCount(used * wanted * 6);
  }

  /** @param {number} segments of each arc */
  #indices(segments) {
    const { capacity } = this.props;
    return this.once(segments, (device) => {
      const data = triangles(capacity, segments);
      return device.createBuffer({ usage: luma.Buffer.INDEX, indexType: "uint32", data });
    });
  }
}

/** The segments of an arc half around the globe. @param {number} radius of the disc, in device pixels */
export function segmentsFor(radius) {
  return SEGMENTS.find((segments) => (radius * (Math.PI / segments) ** 2) / 8 < ERROR_PX) ?? SEGMENTS_MAX;
}

/**
 * A strip of triangles per instance. In each pair of segments the second one comes first, so that four new vertices
 * follow one another: software renderers compute four at a time.
 *
 * @param {number} instances @param {number} segments
 */
function triangles(instances, segments) {
  const data = new Uint32Array(instances * segments * 6);
  for (let i = 0; i < instances * segments; i++) {
    const a = 2 * (Math.floor(i / segments) + (i ^ 1));
    data.set([a, a + 1, a + 2, a + 3, a + 2, a + 1], 6 * i);
  }
  return data;
}
