import type { ComponentProps } from 'react'

/** A button. Its words say what will happen and to what. */
export function Button({
  look,
  size,
  iconOnly,
  className,
  ...rest
}: ComponentProps<'button'> & { look?: 'go' | 'danger' | 'ghost'; size?: 's'; iconOnly?: boolean }) {
  return (
    <button
      type="button"
      {...rest}
      className={className ? `btn ${className}` : 'btn'}
      data-look={look}
      data-size={size}
      data-icon-only={iconOnly || undefined}
    />
  )
}
