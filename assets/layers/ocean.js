/** The sea, the light of day on it, and the air at its rim: one quad, and a ray through each of its pixels. */
import { GlobeLayer, TO_CLIP } from "./base.js";

const REACH = "1.4"; // how far the quad goes, in radii of the disc: the air's glow ends there

const FRAME = `
  float D = length(globe.eye);
  vec3 z = globe.eye / D, x = normalize(cross(vec3(0.0, 0.0, 1.0), z)), y = cross(z, x);
  float s = sqrt(1.0 - 1.0 / (D * D));  // the silhouette is a circle about z / D with this radius
`;

const VERTEX = `
out vec2 at;
${TO_CLIP}
void main(void) {
  ${FRAME}
  at = (vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2.0 - 1.0) * ${REACH};
  gl_Position = toClip(z / D + (x * at.x + y * at.y) * s);
}`;

const FRAGMENT = `
in vec2 at;
out vec4 fragColor;
void main(void) {
  ${FRAME}
  float r = length(at);
  vec3 sun = vec3(dot(globe.sun, x), dot(globe.sun, y), dot(globe.sun, z));
  if (r > 1.0) {
    float lit = smoothstep(-0.75, 0.75, dot(normalize(vec3(at, 0.2)), sun));
    float edge = smoothstep(${REACH}, 1.05, r);
    float air = exp((1.0 - r) * 26.0) * mix(0.10, 0.85, lit) + exp((1.0 - r) * 7.5) * mix(0.05, 0.26, lit);
    vec3 colour = mix(look.haze, look.rim, exp((1.0 - r) * 18.0)) * air * edge;
    fragColor = vec4(colour, air * edge * 0.25);
    return;
  }
  vec3 p = z / D + (x * at.x + y * at.y) * s, ray = normalize(p - globe.eye);
  float b = dot(globe.eye, ray);
  vec3 n = globe.eye + ray * (-b - sqrt(max(0.0, b * b - D * D + 1.0)));
  float sunlight = dot(n, globe.sun), day = smoothstep(-0.22, 0.45, sunlight);
  float grazing = 1.0 - dot(n, -ray);
  vec3 colour = mix(look.night, look.day, day);
  colour += look.dusk * exp(-pow((sunlight + 0.03) * 7.0, 2.0)) * 0.55;
  colour += look.haze * pow(grazing, 2.2) * mix(0.12, 0.42, day) + look.rim * pow(grazing, 7.0) * mix(0.10, 0.75, day);
  vec3 mirror = reflect(-globe.sun, n);
  colour += look.rim * pow(max(0.0, dot(mirror, -ray)), 10.0) * 0.16 * day;
  fragColor = vec4(colour, 1.0) * smoothstep(1.0, 0.996, r);
}`;

export class OceanLayer extends GlobeLayer {
  static look = { night: "vec3", day: "vec3", dusk: "vec3", haze: "vec3", rim: "vec3" };

  initializeState() {
    super.initializeState();
    this.makeModel("quad", VERTEX, FRAGMENT, { topology: "triangle-strip", vertexCount: 4 });
  }
}
OceanLayer.layerName = "OceanLayer";
