import { PlainLoading } from '@/components/ui/plain-loading'

export default PlainLoading
