import '@preact/signals';
import { Component, type ComponentChild, type ContainerNode, render } from 'preact';

/**
 * Shows a tree in `into`; `null` takes it away. Every page and panel is shown by this one.
 *
 * `@preact/signals` gives all components a `shouldComponentUpdate` of its own. Where that says no, a child that stays keeps the parent
 * of an earlier tree, and through it that whole tree: a page that lives through thousands of rounds kept them all
 * (`e2e/specs/long-stay.spec.ts`). Without it a component renders whenever its parent does, and whenever a signal that it reads changes.
 */
export function mount(tree: ComponentChild, into: ContainerNode): void {
  // Here and not beside the import: by now signals' own module has run, in whatever order a bundle has put them.
  Reflect.deleteProperty(Component.prototype, 'shouldComponentUpdate');
  render(tree, into);
}
