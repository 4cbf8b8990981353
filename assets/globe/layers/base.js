/**
 * What the globe's layers share. Import this only after pydeck's bundle, which sets the globals deck and luma.
 *
 * The camera, the sun and the time are one uniform block, the layer's own props a second. Everything is drawn back to
 * front without a depth buffer, and exact geometry hides the far side, so there is no z-fighting.
 */

export const GLSL = `#version 300 es
precision highp float;
`;

/** Premultiplied blending. cullMode is set because GlobeView would cull the back of strips. */
export const PARAMETERS = {
  cullMode: "none",
  depthWriteEnabled: false,
  depthCompare: "always",
  blend: true,
  blendColorOperation: "add",
  blendColorSrcFactor: "one",
  blendColorDstFactor: "one-minus-src-alpha",
  blendAlphaOperation: "add",
  blendAlphaSrcFactor: "one",
  blendAlphaDstFactor: "one-minus-src-alpha",
};

/**
 * eye: in Earth radii; pixels: of one Earth radius at a distance of one; unit: scale relative to scene.py's sizes; dim: the
 * share of light of what is not in the spotlight; shift: of the globe's centre, in clip space.
 */
const GLOBE = {
  eye: "vec3",
  now: "float",
  sun: "vec3",
  pixels: "float",
  density: "float",
  unit: "float",
  calm: "float",
  dim: "float",
  shift: "vec2",
};

/** The same test as hidden() in geo.js. Fragment shaders use interpolated results of buried(). */
export const HIDDEN = `
bool isUnder(vec2 both) { return min(both.x, both.y) > 0.0; }
vec2 buried(vec3 p) {
  vec3 ray = p - globe.eye;
  float beyond = dot(globe.eye, globe.eye) - 1.0;
  float along = -dot(ray, globe.eye);
  return vec2(along - beyond, along * along - beyond * dot(ray, ray));
}
bool isHidden(vec3 p) { return isUnder(buried(p)); }
`;

/** For vertex shaders: the clip position of a point in Earth radii. */
export const TO_CLIP = `
vec4 toClip(vec3 p) {
  vec4 clip = project.viewProjectionMatrix * vec4(p * GLOBE_RADIUS, 1.0);
  return vec4(clip.xy + globe.shift * clip.w, clip.zw);
}
`;

/** The disc's radius in device pixels. @param {{eye: number[], pixels: number}} view */
export const discPixels = ({ eye, pixels }) => pixels / Math.sqrt(Math.hypot(...eye) ** 2 - 1);

const WGSL_TYPES = /** @type {Record<string, string>} */ ({ float: "f32", vec2: "vec2<f32>", vec3: "vec3<f32>" });

/** A shader module with a uniform block. @param {string} name @param {Record<string, string>} fields */
function uniforms(name, fields) {
  const members = Object.entries(fields).map(([field, type]) => `  ${type} ${field};`);
  const block = `layout(std140) uniform ${name}Uniforms {\n${members.join("\n")}\n} ${name};\n`;
  const types = Object.fromEntries(Object.entries(fields).map(([field, type]) => [field, WGSL_TYPES[type]]));
  return { name, vs: block, fs: block, uniformTypes: types };
}

const globeModule = uniforms("globe", GLOBE);

/** A layer with its own models. Its props are `view` (see globe.js) and its uniforms. */
export class GlobeLayer extends deck.Layer {
  /** The layer's own uniforms, with their GLSL types. @type {Record<string, string>} */
  static look = {};
  static layerName = "GlobeLayer";
  /** @type {Record<string, unknown>} */
  static defaultProps = {
    parameters: { type: "object", value: PARAMETERS },
    view: { type: "object", value: null, compare: false },
  };

  get isDrawable() {
    return true;
  }

  initializeState() {
    this.setState({ models: [], made: new Map() });
  }

  /** @param {string} name @param {string} vs @param {string} fs @param {Record<string, unknown>} options */
  makeModel(name, vs, fs, options) {
    const look = /** @type {typeof GlobeLayer} */ (this.constructor).look;
    const modules = [deck.project32, globeModule, uniforms("look", look)];
    const model = new luma.Model(this.context.device, {
      ...this.getShaders({ vs: GLSL + vs, fs: GLSL + fs, modules }),
      id: `${this.props.id}-${name}`,
      isInstanced: false,
      bufferLayout: [],
      ...options,
    });
    this.state.models.push(model);
    return model;
  }

  /** A buffer or texture, created at the first call and destroyed with the layer. */
  /** @type {<T extends {destroy(): void}>(key: unknown, make: (device: any) => T) => T} */
  once(key, make) {
    const { made } = this.state;
    if (!made.has(key)) made.set(key, make(this.context.device));
    return made.get(key);
  }

  /** @param {unknown} context */
  finalizeState(context) {
    super.finalizeState(context);
    for (const each of this.state.made.values()) each.destroy();
  }

  draw() {
    if (!this.props.view) return;
    const { eye, now, sun, pixels, density, unit, calm, dim, shift } = this.props.view;
    for (const model of this.state.models) {
      const globe = { eye, now, sun, pixels, density, unit, calm, dim, shift };
      model.shaderInputs.setProps({ globe, look: this.lookNow() });
      this.prepare(model);
      model.draw(this.context.renderPass);
    }
  }

  /** The uniforms: scene.py gives them as props of the same names. @returns {Record<string, unknown>} */
  lookNow() {
    const names = Object.keys(/** @type {typeof GlobeLayer} */ (this.constructor).look);
    return Object.fromEntries(names.map((name) => [name, this.props[name]]));
  }

  /** Called before a model is drawn. @param {any} _model */
  prepare(_model) {}
}
